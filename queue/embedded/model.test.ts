/** The driver beside arrays: any sequence of appends, commits, reads and reopenings gives the same. */
import { afterAll, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { openEmbeddedQueue } from '#queue/embedded';
import type { OutputRecord, Queue, TaskContext } from '../port.ts';
import { aborted, deferred, joinWith, readAll, text } from '../testing/harness.ts';
import { temporaryDirectory } from '../testing/temporary.ts';

const root = temporaryDirectory();
afterAll(root.remove);
let made = 0;
const PARTITIONS = 2;

interface Row {
  readonly offset: number;
  readonly key: string;
  readonly value: string | null;
  readonly timestamp: number;
}

class Model {
  readonly log = Array.from({ length: PARTITIONS }, (): Row[] => []);
  readonly table = Array.from({ length: PARTITIONS }, (): Row[] => []);
  readonly ends = { log: [0, 0], table: [0, 0] };
  readonly committed = new Map<number, number>();

  append({ topic, partition = 0, key, value, timestamp }: OutputRecord): void {
    const name = topic as 'log' | 'table';
    const row = { offset: this.ends[name][partition]!++, key: key as string, value: value as string | null, timestamp: timestamp! };
    if (name === 'table') this.table[partition] = this.table[partition]!.filter((old) => old.key !== row.key);
    this[name][partition]!.push(row);
  }
}

class Real {
  readonly #directory: string;
  queue!: Queue;
  context!: TaskContext;

  constructor(directory: string) {
    this.#directory = directory;
  }

  async open(): Promise<void> {
    this.queue = await openEmbeddedQueue({ directory: this.#directory });
    await this.queue.ensureTopics([
      { name: 'log', partitions: PARTITIONS, cleanup: 'delete' },
      { name: 'table', partitions: PARTITIONS, cleanup: 'compact' },
    ]);
    const entered = deferred<TaskContext>();
    const { options } = joinWith({ group: 'g', topics: ['log'] }, async (context) => {
      if (context.partition === 0) entered.resolve(context);
      await aborted(context.signal);
    });
    await this.queue.join(options);
    this.context = await entered.promise;
  }
}

type Command = fc.AsyncCommand<Model, Real>;

const output: fc.Arbitrary<OutputRecord> = fc.record({
  topic: fc.constantFrom('log', 'table'),
  partition: fc.nat({ max: PARTITIONS - 1 }),
  key: fc.constantFrom('a', 'b', 'c'),
  value: fc.option(fc.string({ maxLength: 300 })),
  timestamp: fc.nat({ max: 50 }),
});
const outputs = fc.array(output, { minLength: 1, maxLength: 12 });

const command = (name: string, run: (model: Model, real: Real) => Promise<void>): Command => ({
  check: () => true,
  run,
  toString: () => name,
});

async function rows(queue: Queue, topic: string, partition: number, from: Parameters<Queue['read']>[0]['from'], maxBytes: number): Promise<Row[]> {
  const records = await readAll(queue, { topic, partitions: [partition], from, maxBytes });
  return records.map(({ offset, key, value, timestamp }) => ({ offset, key: text(key)!, value: text(value), timestamp }));
}

const commands = [
  outputs.map((records) =>
    command(`send ${records.length}`, async (model, { queue }) => {
      const producer = await queue.producer();
      const half = Math.floor(records.length / 2);
      await Promise.all([producer.send(records.slice(0, half)), producer.send(records.slice(half))]);
      for (const record of records) model.append(record);
    }),
  ),
  fc.tuple(outputs, fc.nat({ max: 100 })).map(([records, offset]) =>
    command(`commit ${records.length} at ${offset}`, async (model, { context }) => {
      await context.commit({ outputs: records, offsets: new Map([['log', offset]]) });
      for (const record of records) model.append(record);
      model.committed.set(0, offset);
    }),
  ),
  fc.constant(command('reopen', async (_, real) => {
    await real.queue.close();
    await real.open();
  })),
  fc.tuple(fc.constantFrom('log' as const, 'table' as const), fc.nat({ max: PARTITIONS - 1 }), fc.nat({ max: 60 }), fc.constantFrom(1, 100, 1e6)).map(
    ([topic, partition, at, maxBytes]) =>
      command(`read ${topic}/${partition} at ${at}, ${maxBytes} bytes`, async (model, { queue }) => {
        const all = model[topic][partition]!;
        const end = model.ends[topic][partition]!;
        expect(await rows(queue, topic, partition, 'earliest', maxBytes)).toEqual(all);
        const offset = Math.min(at, end);
        const after = all.filter((row) => row.offset >= offset);
        expect(await rows(queue, topic, partition, { offsets: new Map([[partition, offset]]) }, maxBytes)).toEqual(after);
        const first = all.findIndex((row) => row.timestamp >= at);
        expect(await rows(queue, topic, partition, { time: at }, maxBytes)).toEqual(first < 0 ? [] : all.slice(first));
        expect((await queue.offsets(topic)).map((extent) => extent.end)).toEqual(model.ends[topic]);
        expect(await queue.committed('g', 'log')).toEqual(model.committed);
      }),
  ),
];

test('any sequence of commands leaves what arrays would hold', async () => {
  await fc.assert(
    fc.asyncProperty(fc.commands(commands, { size: '+1' }), async (sequence) => {
      const real = new Real(`${root.path}/${made++}`);
      await real.open();
      try {
        await fc.asyncModelRun(() => ({ model: new Model(), real }), sequence);
      } finally {
        await real.queue.close();
      }
    }),
    { numRuns: 60 },
  );
}, 120_000);
