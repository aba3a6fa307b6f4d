/** Compares what happened at the vendor with what was published: every record is accounted for, or the finding says which. */
import type { Gap } from '#proto';

import type { Ledger, LedgerEntry } from './ledger.ts';
import type { Published } from './published.ts';
import type { Run } from './run.ts';
import type { Vendor } from './stand-in.ts';

/** A frame sent so shortly before its connection ended may not have arrived, milliseconds of the vendor's time. */
const ON_THE_WAY_MS = 2000;

/** What happened, and what was counted of it. */
export interface Accounted extends Pick<Run, 'skipped'> {
  readonly standIn: { readonly ledger: Pick<Ledger, 'entries' | 'spoiled'>; readonly vendor: Pick<Vendor, 'numbered'> };
}

/**
 * Empty: all is accounted for. What is missing is excused by a gap only as far as the gap says that it stays missing: any number
 * where it gives no count, else no more than the count, and nothing where all was fetched.
 */
export function findings(run: Accounted, published: Published): string[] {
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
  const excuses = published.gaps.map(excuseOf);
  const begins = firstNumbers(ledger, counts);
  let reordered = 0;
  for (const entry of ledger.entries) {
    const isPublished = counts.has(entry.key);
    const numbered = vendor.numbered.includes(entry.item.stream);
    if (numbered) {
      if (isPublished && published.gaps.some((gap) => coversNumber(gap, entry))) found.push(`published, but reported as lost: ${entry.key}`);
      if (isPublished || !entry.due || isExcused(excuses, (gap) => coversNumber(gap, entry) || (isBefore(begins, entry) && isUncounted(gap) && coversTime(gap, entry)))) continue;
    } else if (isPublished || !entry.due || entry.damaged.some((frame) => letters.has(frame))) {
      continue;
    } else if (isExcused(excuses, (gap) => coversTime(gap, entry))) {
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
    if (arrived && !letters.has(frame) && !isCounted(run)) found.push(`no dead letter for ${frame.slice(0, 200)}`);
  }
  if (published.late > 0) found.push(`${published.late} rows stand behind a watermark that is newer`);
  return found;
}

/** Waits until nothing is found. */
export async function accounted(run: Run): Promise<void> {
  let left: string[] = [];
  await run
    .until(async () => {
      left = findings(run, await run.published());
      return left.length === 0;
    }, 'every record is accounted for')
    .catch(async () => {
      // What a person who looks into it needs first.
      throw new Error([...left.slice(0, 20), `${left.length} in all`, ...(await run.story())].join('\n'));
    });
}

/** Waits until the source has recovered and all that happened is accounted for. */
export async function settle(run: Run): Promise<void> {
  await run.until(() => run.collector.status().health?.state === 'live', 'the source is connected again');
  // Something newer of every kind, so that numbers tell what is missing.
  await run.standIn.play({ name: 'calm', forMs: 2000, rate: 20, steps: [] });
  await accounted(run);
}

interface Excuse {
  readonly gap: Gap;
  /** Records that it says stay missing, less those it was taken for. */
  left: number;
}

/** Counts of frames are no counts of records: a frame may hold several. */
function excuseOf(gap: Gap): Excuse {
  return { gap, left: gap.missed === 0 || gap.stream === 'frame' ? Infinity : gap.missed - gap.recovered };
}

/** Takes a gap without a count, else the one that ends first: records come in the order in which they happened. */
function isExcused(excuses: readonly Excuse[], covers: (gap: Gap) => boolean): boolean {
  const able = excuses.filter(({ gap, left }) => left > 0 && covers(gap)).sort((a, b) => a.gap.toUs - b.gap.toUs);
  const excuse = able.find(({ left }) => left === Infinity) ?? able[0];
  if (!excuse) return false;
  excuse.left--;
  return true;
}

function coversNumber(gap: Gap, { item, instrument }: LedgerEntry): boolean {
  return gap.stream === item.stream && gap.first > 0 && item.id >= gap.first && item.id <= gap.last && gap.instruments.includes(instrument) && gap.recovered < gap.missed;
}

/** Until a number has come, and is kept, numbers cannot tell what was missed: only time can. */
function isBefore(begins: ReadonlyMap<string, number>, { item, instrument }: LedgerEntry): boolean {
  return item.id < (begins.get(`${item.stream} ${instrument}`) ?? Infinity);
}

const isUncounted = ({ first, missed }: Gap): boolean => first === 0 && missed === 0;

/** The lowest number of each stream and instrument that was published. */
function firstNumbers({ entries }: Pick<Ledger, 'entries'>, counts: ReadonlyMap<string, number>): ReadonlyMap<string, number> {
  const begins = new Map<string, number>();
  for (const { key, item, instrument } of entries) {
    const name = `${item.stream} ${instrument}`;
    if (counts.has(key)) begins.set(name, Math.min(begins.get(name) ?? Infinity, item.id));
  }
  return begins;
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
function isCounted(run: Accounted): boolean {
  return (run.skipped().get('MALFORMED_RECORD') ?? 0) > 0;
}

/** Numbers that were reported as lost. */
export function lostNumbers({ gaps }: Published): number {
  return gaps.reduce((sum, { first, missed, recovered }) => sum + (first > 0 ? missed - recovered : 0), 0);
}
