/** Load on a topic whose log tells afterwards whether a record was lost, doubled or out of order. */
import type { Queue } from '#queue';

export interface Load {
  /** Ends it, and waits for what is under way. */
  stop(): Promise<void>;
  /** By partition and offset, what was acknowledged. */
  readonly acknowledged: readonly ReadonlyMap<number, string>[];
  readonly failures: readonly unknown[];
}

export interface LoadOptions {
  readonly topic: string;
  readonly partitions: number;
  /** Calls of `send` under way at once, each with records for several partitions. */
  readonly concurrency: number;
  /** Of one call. */
  readonly records: number;
}

/**
 * Values are `partition:number`, and numbers grow in the order of the calls: so must the log. One producer, as each process has.
 */
export async function startLoad(queue: Pick<Queue, 'producer'>, { topic, partitions, concurrency, records }: LoadOptions): Promise<Load> {
  const producer = await queue.producer();
  const numbers = new Array<number>(partitions).fill(0);
  const acknowledged = Array.from({ length: partitions }, () => new Map<number, string>());
  const failures: unknown[] = [];
  let over = false;
  let turn = 0;
  const lane = async (): Promise<void> => {
    while (!over) {
      const batch = Array.from({ length: records }, (_, i) => {
        const partition = (turn + i) % partitions;
        return { topic, partition, value: `${partition}:${numbers[partition]!++}` };
      });
      turn += 1;
      try {
        const offsets = await producer.send(batch);
        batch.forEach(({ partition, value }, i) => acknowledged[partition]!.set(offsets[i]!, value));
      } catch (error) {
        failures.push(error);
      }
      // Lets timers run, whatever the brokers do.
      await new Promise((resolve) => setImmediate(resolve));
    }
  };
  const lanes = Promise.all(Array.from({ length: concurrency }, lane));
  return {
    acknowledged,
    failures,
    stop: async () => {
      over = true;
      await lanes;
      await producer.close();
    },
  };
}

export interface Verdict {
  readonly acknowledged: number;
  readonly read: number;
  /** Acknowledged, and not in the log at their offsets. */
  readonly lost: readonly string[];
  /** More than once in the log. */
  readonly doubled: readonly string[];
  /** Behind one that was sent later. */
  readonly disordered: readonly string[];
}

/** Reads the log back to its end, and compares. */
export async function judge(queue: Queue, topic: string, { acknowledged }: Load): Promise<Verdict> {
  const logs = acknowledged.map(() => new Map<number, string>());
  const seen = new Set<string>();
  const newest = acknowledged.map(() => -1);
  const doubled: string[] = [];
  const disordered: string[] = [];
  let read = 0;
  const ends = await queue.offsets(topic);
  for await (const { partition, records } of queue.read({ topic, from: 'earliest', toEnd: true })) {
    for (const { offset, value } of records) {
      const text = Buffer.from(value!).toString();
      const number = Number(text.split(':')[1]);
      read += 1;
      logs[partition]!.set(offset, text);
      if (seen.has(text)) doubled.push(text);
      else if (number <= newest[partition]!) disordered.push(text);
      seen.add(text);
      newest[partition] = Math.max(newest[partition]!, number);
    }
  }
  const unread = ends.reduce((sum, { end, earliest }) => sum + end - earliest, 0) - read;
  if (unread > 0) throw new Error(`${unread} records of ${topic} were not read back`);
  const lost = acknowledged.flatMap((records, partition) => [...records].filter(([offset, value]) => logs[partition]!.get(offset) !== value).map(([offset, value]) => `${value} at ${offset}`));
  return { acknowledged: acknowledged.reduce((sum, { size }) => sum + size, 0), read, lost, doubled, disordered };
}

export const isClean = ({ lost, doubled, disordered }: Verdict): boolean => lost.length + doubled.length + disordered.length === 0;
