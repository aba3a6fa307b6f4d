/** Puts dead letters back on the topics they come from, after the judgement that a worker will make. */
import { attemptOf, originalHeaders, recordRefusal, withoutIdentity, type TimeLimits } from '#processing';
import { asForetickError, fail, type ErrorCode, type TopicLayout } from '#proto';
import type { OutputRecord, Queue, QueueRecord } from '#queue';
import { readDeadLetters } from '#serving';

export interface RetryOptions {
  /** Offsets of letters; put back in this order. */
  readonly letters: readonly number[];
  /** Of the configuration as it is now. */
  readonly limits: TimeLimits;
  /** Also those that were put back before. @default false */
  readonly again?: boolean;
  /** Judge only. @default false */
  readonly dryRun?: boolean;
}

export interface RetryResult {
  readonly letter: number;
  readonly retried: boolean;
  /** Where the record stands now; null when it was not put back. */
  readonly topic: string | null;
  readonly partition: number | null;
  readonly offset: number | null;
  readonly attempt: number;
  /** Why not: what a worker would say, or what hinders. */
  readonly code: ErrorCode | null;
  readonly reason: string | null;
}

/**
 * One record and a mark that it was put back, which stands in `dead-letters`, in one `send` for each letter. On Kafka a
 * crash between the two leaves the record without its mark. Letters that were put back before are refused.
 */
export async function retryDeadLetters(queue: Pick<Queue, 'offsets' | 'read' | 'producer'>, layout: TopicLayout, options: RetryOptions): Promise<RetryResult[]> {
  const { letters, limits, again = false, dryRun = false } = options;
  const found = await readDeadLetters(queue, layout, letters);
  const producer = await queue.producer();
  const results: RetryResult[] = [];
  const done = new Set<number>();
  try {
    for (const letter of letters) {
      const { record, retried } = found.get(letter)!;
      const attempt = attemptOf(record.headers) + 1;
      const nowhere = { letter, retried: false, topic: null, partition: null, offset: null, attempt };
      try {
        if ((retried || done.has(letter)) && !again) throw fail('INVALID_REQUEST', 'it was put back before; --again does it once more');
        const output = await retriedRecord(queue, layout, record, limits);
        if (dryRun) {
          results.push({ ...nowhere, code: null, reason: null });
          continue;
        }
        const mark = { topic: layout.name('dead-letters'), partition: 0, key: record.key, value: null, headers: { retried: String(letter) } };
        const [offset] = await producer.send([output, mark]);
        done.add(letter);
        results.push({ letter, retried: true, topic: output.topic, partition: output.partition!, offset: offset!, attempt, code: null, reason: null });
      } catch (error) {
        const { code, message, retriable } = asForetickError(error);
        // Of the queue, not of the letter.
        if (retriable || code === 'INTERNAL') throw error;
        results.push({ ...nowhere, code, reason: message });
      }
    }
  } finally {
    await producer.close();
  }
  return results;
}

/** The record as its producer sent it, with its attempt counted. Throws the reason why it cannot or should not be put back. */
async function retriedRecord(queue: Pick<Queue, 'read'>, layout: TopicLayout, letter: QueueRecord, limits: TimeLimits): Promise<OutputRecord> {
  const { topic = '', partition } = letter.headers;
  const cut = ['cut-from', 'key-cut-from', 'headers-left-out'].some((name) => letter.headers[name] !== undefined);
  const input = (['quotes', 'posts'] as const).find((name) => layout.name(name) === topic);
  if (!input) throw fail('INVALID_REQUEST', whyNot(layout, topic));
  const original = cut ? await originalOf(queue, letter) : letter;
  // Under its first identity it would be dropped as a repeat of what came before.
  const headers = withoutIdentity(cut ? original.headers : originalHeaders(letter.headers));
  const record = { ...original, topic, partition: Number(partition), headers };
  const refusal = recordRefusal(input, record, limits);
  if (refusal) throw fail(refusal.code, `it would fail again: ${refusal.message}`);
  return {
    topic,
    partition: record.partition,
    key: record.key,
    value: record.value,
    headers: { ...headers, attempt: String(attemptOf(letter.headers) + 1), 'retry-of': String(letter.offset) },
  };
}

function whyNot(layout: TopicLayout, topic: string): string {
  if (topic === '') return 'it never reached a topic: mend the recording or its mapping, and collect it again';
  if (topic === layout.name('features')) return 'trainers drop rows of features that come after later ones; put back the quotes they are made from';
  return `it comes from ${topic}, which no worker of ${layout.prefix} reads`;
}

/** A letter holds the beginning of what was too long; its record may still be there. */
async function originalOf(queue: Pick<Queue, 'read'>, { headers }: QueueRecord): Promise<QueueRecord> {
  const { topic = '' } = headers;
  if (Number(headers['row']) > 0) throw fail('INVALID_REQUEST', 'the letter holds a part of a row only');
  const [partition, offset] = [Number(headers['partition']), Number(headers['offset'])];
  for await (const { records } of queue.read({ topic, partitions: [partition], from: { offsets: new Map([[partition, offset]]) }, toEnd: true, maxBytes: 1 })) {
    const [record] = records;
    if (record?.offset === offset) return record;
    if (record) break;
  }
  throw fail('POSITION_EXPIRED', `the letter holds a part of the record only, and ${topic}/${partition} no longer has offset ${offset}`);
}
