/**
 * Reads a data directory without taking it: no lock, no clean-up, nothing written. Another process may hold it; what is
 * seen is what was there at opening, and records that its retention takes away meanwhile are POSITION_EXPIRED.
 */
import type { Queue } from '../port.ts';
import { Catalog } from './catalog.ts';
import { assertQueue } from './data-file.ts';
import { describePartition } from './describe.ts';
import { openLmdbStore } from './lmdb-store.ts';
import { committedOffset } from './positions.ts';
import { LogReading } from './read.ts';

/** The part of a queue that reads. */
export type QueueReader = Pick<Queue, 'topics' | 'offsets' | 'describe' | 'committed' | 'read' | 'close'>;

/** FILE_UNREADABLE when there is no queue, UNSUPPORTED_SCHEMA when it is of another format, DATA_CORRUPT when it was cut off. */
export async function openEmbeddedReader(directory: string): Promise<QueueReader> {
  assertQueue(directory);
  const store = openLmdbStore(directory, { readOnly: true });
  let catalog: Catalog;
  try {
    catalog = new Catalog(store);
  } catch (error) {
    await store.close();
    throw error;
  }
  const readings = new Set<LogReading>();
  // The port promises rejections, never throws: hence `async` without `await`.
  /* eslint-disable @typescript-eslint/require-await */
  return {
    topics: async () => catalog.specs(),
    offsets: async (topic) =>
      catalog.get(topic).partitions.map(({ index, extent: { earliest, end } }) => ({ partition: index, earliest, end })),
    describe: async (topic) => catalog.get(topic).partitions.map((partition) => describePartition(store, partition)),
    committed: async (group, topic) => {
      const found = catalog.get(topic);
      const offsets = found.partitions.map(({ index }) => [index, committedOffset(store, group, found, index)] as const);
      return new Map(offsets.filter((entry): entry is [number, number] => entry[1] !== undefined));
    },
    read: (options) => ({
      [Symbol.asyncIterator]: () => {
        const reading = new LogReading({ store, catalog }, options, (ended) => readings.delete(ended));
        readings.add(reading);
        return reading;
      },
    }),
    close: async () => {
      for (const reading of [...readings]) reading.end();
      await store.close();
    },
  };
  /* eslint-enable @typescript-eslint/require-await */
}
