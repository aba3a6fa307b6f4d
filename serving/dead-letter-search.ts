/** Looks for dead letters by what is known of them, and shows one whole. */
import { fail, type TopicLayout } from '#proto';
import type { Queue, QueueRecord } from '#queue';

import { entryOf, retriedOf, type DeadLetterEntry } from './dead-letters.ts';
import { describeRecord } from './tail/describe.ts';
import { topicOf } from './tail/service.ts';

export interface DeadLetterFilter {
  readonly code?: string | undefined;
  /** Short or full name of the topic that the record stands on. */
  readonly topic?: string | undefined;
  /** Put aside at this time or later, milliseconds. */
  readonly sinceMs?: number | undefined;
  /** The newest so many. */
  readonly limit: number;
}

export interface FoundLetter extends DeadLetterEntry {
  /** Whether it was put back on its topic. */
  readonly retried: boolean;
}

export interface DeadLetterDetails extends FoundLetter {
  /** Of the letter: those of the record, and where it came from. */
  readonly headers: Readonly<Record<string, string>>;
  /** The value as rows, as far as it can be read. */
  readonly rows: readonly unknown[];
  /** The whole value, base64. */
  readonly value: string;
}

type Reads = Pick<Queue, 'offsets' | 'read'>;

/** Bytes of letters held at once; one letter may be larger. */
const MAX_BYTES = 1024 * 1024;

/** Newest first. UNKNOWN_TOPIC lists the names. */
export async function findDeadLetters(queue: Reads, layout: TopicLayout, { code, topic, sinceMs = 0, limit }: DeadLetterFilter): Promise<FoundLetter[]> {
  const full = topic === undefined ? undefined : topicOf(layout, topic).full;
  const retried = new Set<number>();
  let found: DeadLetterEntry[] = [];
  for await (const { records } of queue.read({ topic: layout.name('dead-letters'), from: 'earliest', toEnd: true, maxBytes: MAX_BYTES })) {
    for (const record of records) {
      const again = retriedOf(record);
      if (again !== undefined) retried.add(again);
      else if (record.timestamp >= sinceMs && (code ?? record.headers['code']) === record.headers['code'] && (full ?? record.headers['topic']) === record.headers['topic']) found.push(entryOf(record));
    }
    if (found.length > 2 * limit) found = found.slice(-limit);
  }
  return found.slice(-limit).reverse().map((entry) => ({ ...entry, retried: retried.has(entry.letter) }));
}

/** Bytes, headers and rows of one. OUTSIDE_RETENTION when it is gone, INVALID_REQUEST when there is none. */
export async function deadLetterDetails(queue: Reads, layout: TopicLayout, letter: number): Promise<DeadLetterDetails> {
  const { record, retried } = (await readDeadLetters(queue, layout, [letter])).get(letter)!;
  return {
    ...entryOf(record),
    retried,
    headers: record.headers,
    rows: describeRecord(record),
    value: Buffer.from(record.value ?? new Uint8Array()).toString('base64'),
  };
}

export interface DeadLetterRecord {
  readonly record: QueueRecord;
  readonly retried: boolean;
}

/** Letters by their offsets. OUTSIDE_RETENTION when one is gone, INVALID_REQUEST when there is none. */
export async function readDeadLetters(queue: Reads, layout: TopicLayout, letters: readonly number[]): Promise<ReadonlyMap<number, DeadLetterRecord>> {
  const topic = layout.name('dead-letters');
  const { earliest, end } = (await queue.offsets(topic))[0]!;
  for (const letter of letters) {
    if (letter < earliest) throw fail('OUTSIDE_RETENTION', `dead letter ${letter} is no longer kept; the oldest is ${earliest}`);
    if (letter >= end) throw fail('INVALID_REQUEST', `there is no dead letter ${letter}`);
  }
  const wanted = new Set(letters);
  const found = new Map<number, QueueRecord>();
  const retried = new Set<number>();
  const from = { offsets: new Map([[0, Math.min(...letters)]]) };
  for await (const { records } of queue.read({ topic, partitions: [0], from, toEnd: true, maxBytes: MAX_BYTES })) {
    for (const record of records) {
      const again = retriedOf(record);
      if (again !== undefined) retried.add(again);
      else if (wanted.has(record.offset)) found.set(record.offset, record);
    }
  }
  const missing = letters.find((letter) => !found.has(letter));
  if (missing !== undefined) throw fail('INVALID_REQUEST', `there is no dead letter ${missing}`);
  return new Map([...found].map(([letter, record]) => [letter, { record, retried: retried.has(letter) }]));
}
