/** Compares what happened at the vendor with what was published: every record is accounted for, or the finding says which. */
import type { Gap } from '#proto';

import type { LedgerEntry } from './ledger.ts';
import type { Published, Run } from './run.ts';

/** A frame sent so shortly before its connection ended may not have arrived, milliseconds of the vendor's time. */
const ON_THE_WAY_MS = 2000;

/** Empty: all is accounted for. */
export function findings(run: Pick<Run, 'standIn' | 'skipped'>, published: Published): string[] {
  const { ledger, vendor } = run.standIn;
  const found: string[] = [];
  const known = new Map(ledger.entries.map((entry) => [entry.key, entry]));
  const counts = new Map<string, number>();
  for (const row of published.rows) counts.set(row, (counts.get(row) ?? 0) + 1);
  for (const [row, count] of counts) {
    if (!known.has(row)) found.push(`published, but never happened: ${row}`);
    if (count > 1) found.push(`published ${count} times: ${row}`);
  }
  const letters = new Set(published.deadLetters);
  let reordered = 0;
  for (const entry of ledger.entries) {
    const isPublished = counts.has(entry.key);
    const numbered = vendor.numbered.includes(entry.item.stream);
    if (numbered) {
      const reported = published.gaps.some((gap) => coversNumber(gap, entry));
      if (isPublished && reported) found.push(`published, but reported as lost: ${entry.key}`);
      if (isPublished || reported || !entry.due) continue;
    } else if (isPublished || !entry.due || published.gaps.some((gap) => coversTime(gap, entry))) {
      continue;
    } else if (entry.damaged.some((frame) => letters.has(frame))) {
      continue;
    } else if (entry.reordered) {
      reordered++;
      continue;
    }
    found.push(`${entry.sent > 0 ? 'sent' : 'happened'}, but neither published nor reported: ${entry.key}`);
  }
  const skipped = [...run.skipped().values()].reduce((sum, count) => sum + count, 0);
  if (reordered > skipped) found.push(`${reordered} records came out of order and were dropped, but only ${skipped} were counted`);
  for (const { frame, at, connection } of ledger.spoiled) {
    const arrived = !connection.deaf && connection.endedAt > at + ON_THE_WAY_MS;
    if (arrived && !letters.has(frame) && !isCounted(run)) found.push(`no dead letter for ${frame}`);
  }
  if (published.late > 0) found.push(`${published.late} rows stand behind a watermark that is newer`);
  return found;
}

function coversNumber(gap: Gap, { item, instrument }: LedgerEntry): boolean {
  return gap.stream === item.stream && gap.first > 0 && item.id >= gap.first && item.id <= gap.last && gap.instruments.includes(instrument) && gap.recovered < gap.missed;
}

/**
 * Receipt lies behind the event by the way and by the vendor's clock: half a second of the vendor's time is allowed for, and
 * before a gap as long as the newest frame may have been on its way.
 */
function coversTime(gap: Gap, { item, instrument, sentAt }: LedgerEntry): boolean {
  const concerns = gap.instruments.length === 0 || gap.instruments.includes(instrument);
  const sameStream = gap.stream === item.stream || gap.stream === 'frame';
  const atUs = sentAt > 0 ? sentAt * 1000 : item.atUs;
  return sameStream && concerns && atUs >= gap.fromUs - ON_THE_WAY_MS * 1000 && atUs <= gap.toUs + 500_000;
}

/** Beyond a number of dead letters a batch, rejections are only counted. */
function isCounted(run: Pick<Run, 'skipped'>): boolean {
  return (run.skipped().get('MALFORMED_RECORD') ?? 0) > 0;
}

/** Numbers that were reported as lost. */
export function lostNumbers({ gaps }: Published): number {
  return gaps.reduce((sum, { first, missed, recovered }) => sum + (first > 0 ? missed - recovered : 0), 0);
}
