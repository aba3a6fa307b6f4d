/** The newest dead letters for people: where each came from, why, and the beginning of its bytes. */
import { identityOf, type TopicLayout } from '#proto';
import type { Queue, QueueRecord } from '#queue';

export interface DeadLetterEntry {
  /** Its own offset in `dead-letters`: the place to go on before. */
  readonly letter: number;
  readonly code: string;
  readonly message: string;
  /** Where the record stands; '' when it never reached a topic: then `key` names the file or address. */
  readonly topic: string;
  readonly partition: number;
  /** Of the record, or the number of the row in its file. */
  readonly offset: number;
  readonly row: number;
  readonly key: string;
  /** How often the record had been tried when it was put aside. */
  readonly attempt: number;
  /** Milliseconds since the epoch at which it was put aside. */
  readonly timestamp: number;
  /** Recorded receipt time, microseconds; 0 when the record does not say. */
  readonly timeUs: number;
  readonly bytes: number;
  /** Only the first of them are shown. */
  readonly cut: boolean;
  /** The first bytes: as text where they are UTF-8 without control characters, else as base64. */
  readonly text: string | null;
  readonly base64: string | null;
}

export interface DeadLetterPage {
  /** Kept now, over all pages. */
  readonly count: number;
  /** Newest first, repeats within the page left out. */
  readonly letters: readonly DeadLetterEntry[];
  /** `before` of the next page; null on the last. */
  readonly next: number | null;
}

/** Characters of a message or key, and bytes of a value, that are shown. */
const SHOWN = 512;
/** Bytes of letters held at once; one letter may be larger. */
const MAX_BYTES = 1024 * 1024;

/** @param before letters from this offset on are left out; left out: the newest come first */
export async function deadLetters(
  queue: Pick<Queue, 'offsets' | 'read'>,
  layout: TopicLayout,
  { limit, before = Infinity }: { readonly limit: number; readonly before?: number | undefined },
): Promise<DeadLetterPage> {
  const topic = layout.name('dead-letters');
  const { earliest, end } = (await queue.offsets(topic))[0]!;
  const until = Math.min(before, end);
  const from = Math.max(earliest, until - limit);
  const letters: DeadLetterEntry[] = [];
  const isNew = firstOfEach();
  if (from < until) {
    const range = { topic, partitions: [0], from: { offsets: new Map([[0, from]]) }, toEnd: true, maxBytes: MAX_BYTES };
    for await (const { records, nextOffset } of queue.read(range)) {
      for (const record of records) if (record.offset < until && retriedOf(record) === undefined && isNew(record)) letters.push(entryOf(record));
      if (nextOffset >= until) break;
    }
  }
  return { count: end - earliest, letters: letters.reverse(), next: from > earliest && from < until ? from : null };
}

/** The letter that was put back on its topic, where a record of `dead-letters` says no more than that. */
export function retriedOf({ headers }: QueueRecord): number | undefined {
  return headers['code'] === undefined && headers['retried'] !== undefined ? Number(headers['retried']) : undefined;
}

/** False for a letter that its writer has sent again. */
function firstOfEach(): (record: QueueRecord) => boolean {
  const seen = new Set<string>();
  return ({ headers }) => {
    const identity = identityOf(headers);
    const name = identity ? `${identity.task} ${identity.ordinal}` : '';
    if (name === '') return true;
    if (seen.has(name)) return false;
    seen.add(name);
    return true;
  };
}

export function entryOf({ offset, timestamp, key, value, headers }: QueueRecord): DeadLetterEntry {
  const whole = Number(headers['cut-from'] ?? value?.length ?? 0);
  return {
    letter: offset,
    code: cut(headers['code'] ?? ''),
    message: cut(headers['message'] ?? ''),
    topic: cut(headers['topic'] ?? ''),
    partition: number(headers['partition']),
    offset: number(headers['offset']),
    row: number(headers['row']),
    attempt: number(headers['attempt']),
    key: key === null ? '' : cut(Buffer.from(key.subarray(0, 4 * SHOWN)).toString('utf8')),
    timestamp,
    timeUs: number(headers['time']),
    bytes: Number.isSafeInteger(whole) ? whole : (value?.length ?? 0),
    cut: (value?.length ?? 0) > SHOWN,
    ...shown(value ?? new Uint8Array()),
  };
}

const cut = (text: string): string => (text.length > SHOWN ? `${text.slice(0, SHOWN)}…` : text);

/** Headers are the writer's: whatever is no number reads as 0. */
function number(text: string | undefined): number {
  const value = Number(text ?? 0);
  return Number.isFinite(value) ? value : 0;
}

function shown(value: Uint8Array): { text: string | null; base64: string | null } {
  const bytes = Buffer.from(value.subarray(0, SHOWN));
  try {
    // In stream mode a character that the cut went through is held back, not refused.
    const text = new TextDecoder('utf-8', { fatal: true }).decode(bytes, { stream: true });
    // eslint-disable-next-line no-control-regex
    if (!/[\u0000-\u0008\u000e-\u001f\u007f]/.test(text)) return { text, base64: null };
  } catch {
    return { text: null, base64: bytes.toString('base64') }; // Not UTF-8.
  }
  return { text: null, base64: bytes.toString('base64') };
}
