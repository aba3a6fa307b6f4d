/** A queue whose topics and groups have a prefix that its user does not see: tests that share a broker do not share names. */
import type { GroupOptions, OutputRecord, Queue, QueueRecord, RecordBatch, Task, TaskContext } from '../port.ts';

export function prefixed(queue: Queue, prefix: string): Queue {
  const outer = (name: string): string => `${prefix}${name}`;
  const inner = (name: string): string => name.slice(prefix.length);
  const records = (list: readonly OutputRecord[]): OutputRecord[] => list.map((record) => ({ ...record, topic: outer(record.topic) }));
  const seen = (batch: RecordBatch): RecordBatch => ({
    ...batch,
    topic: inner(batch.topic),
    records: batch.records.map((record): QueueRecord => ({ ...record, topic: inner(record.topic) })),
  });
  const keys = <T>(map: ReadonlyMap<string, T>, change: (key: string) => string): Map<string, T> => new Map([...map].map(([key, value]) => [change(key), value]));
  const context = (real: TaskContext, options: GroupOptions): TaskContext => ({
    group: options.group,
    partition: real.partition,
    topics: options.topics,
    committed: keys(real.committed, inner),
    metadata: real.metadata,
    signal: real.signal,
    poll: async ({ topics, ...rest } = {}) => (await real.poll({ ...rest, ...(topics && { topics: topics.map(outer) }) })).map(seen),
    seek: (topic, offset) => { real.seek(outer(topic), offset); },
    commit: ({ outputs, offsets, ...rest }) =>
      real.commit({ ...rest, ...(outputs && { outputs: records(outputs) }), ...(offsets && { offsets: keys(offsets, outer) }) }),
  });
  return {
    ensureTopics: (specs) => queue.ensureTopics(specs.map((spec) => ({ ...spec, name: outer(spec.name) }))),
    topics: async () => (await queue.topics()).filter(({ name }) => name.startsWith(prefix)).map((spec) => ({ ...spec, name: inner(spec.name) })),
    offsets: (topic) => queue.offsets(outer(topic)),
    describe: async (topic) => (await queue.describe(outer(topic))).map((partition) => ({ ...partition, groups: keys(partition.groups, inner) })),
    committed: (group, topic) => queue.committed(outer(group), outer(topic)),
    producer: async () => {
      const producer = await queue.producer();
      return { send: (list) => producer.send(records(list)), close: () => producer.close() };
    },
    join: (options) =>
      queue.join({
        ...options,
        group: outer(options.group),
        topics: options.topics.map(outer),
        createTask: (partition): Task => {
          const task = options.createTask(partition);
          return { run: (real) => task.run(context(real, options)) };
        },
      }),
    read: (options) => ({
      [Symbol.asyncIterator]: () => {
        const iterator = queue.read({ ...options, topic: outer(options.topic) })[Symbol.asyncIterator]();
        const mapped = (result: IteratorResult<RecordBatch, undefined>): IteratorResult<RecordBatch, undefined> =>
          result.done === true ? result : { done: false, value: seen(result.value) };
        return { next: async () => mapped(await iterator.next()), return: async () => mapped((await iterator.return?.()) ?? { done: true, value: undefined }) };
      },
    }),
    close: () => queue.close(),
  };
}
