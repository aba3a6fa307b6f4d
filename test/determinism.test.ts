/** Two runs agree; pace, batch sizes, formats and checkpoints change nothing; several partitions keep what they promise. */
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { join } from 'node:path';

import type { RunResults } from '#app';
import { decodeFeatures, decodePredictions, topicLayout } from '#proto';
import { openEmbeddedQueue } from '#queue/embedded';

import { backtest, digestsOf, faultsOf } from './support/backtest.ts';
import { cutRecording, scratchDirectory } from './support/recording.ts';

const ROWS = 6_000;
const root = scratchDirectory();
afterAll(root.remove);
const file = cutRecording(root.path, ROWS);
const directoryOf = (name: string): string => join(root.path, name);

const target = { horizon: '2s' };
const training = { evaluate_every: 100 };
let reference: RunResults;

beforeAll(async () => {
  reference = await backtest({ file, directory: directoryOf('reference'), sections: { target, training } });
}, 120_000);

test('the run that all others are compared with is whole, has learned, and met posts', () => {
  expect(faultsOf(reference)).toEqual([]);
  expect(reference.features.rows).toBe(ROWS);
  expect(reference.predictions.rows).toBe(3 * ROWS);
  for (const { version, outcomes } of reference.models) {
    expect(version).toBeGreaterThan(10);
    expect(outcomes).toBeGreaterThan(1000);
  }
});

const variants: Record<string, { speed?: number; sections?: Record<string, Record<string, unknown>> }> = {
  'a second run': {},
  'at a pace': { speed: 30 },
  'at another pace': { speed: 100 },
  'feature records of 37 rows': { sections: { features: { batch_rows: 37 } } },
  'feature records of 4096 rows': { sections: { features: { batch_rows: 4096 } } },
  'predictions as JSON': { sections: { training: { format: 'json' } } },
  'predictions as Arrow': { sections: { training: { format: 'arrow' } } },
  'checkpoints all the time': { sections: { features: { checkpoint_rows: 1 }, training: { checkpoint_rows: 1 } } },
  'records, checkpoints, formats and pace at once': {
    speed: 60,
    sections: { features: { batch_rows: 50, checkpoint_rows: 111 }, training: { checkpoint_rows: 222, format: 'json' } },
  },
};

test.each(Object.entries(variants))('%s: the same digests', async (name, { speed, sections = {} }) => {
  const results = await backtest({
    file,
    directory: directoryOf(name.replaceAll(' ', '-')),
    ...(speed !== undefined && { speed }),
    sections: { target, ...sections, training: { ...training, ...sections['training'] } },
  });
  expect(digestsOf(results)).toEqual(digestsOf(reference));
}, 120_000);

test('another horizon gives other digests: they do tell results apart', async () => {
  const results = await backtest({ file, directory: directoryOf('other'), sections: { target: { horizon: '3s' }, training } });
  expect(results.features).toEqual(reference.features);
  for (const topic of ['predictions', 'outcomes', 'evaluations'] as const) expect(results[topic].sha256).not.toBe(reference[topic].sha256);
  expect(results.weightsSha256).not.toBe(reference.weightsSha256);
}, 120_000);

/** Feature rows by instrument, and how often each row was predicted by each model. */
async function written(name: string, partitions: number, shards: number) {
  const layout = topicLayout({ prefix: 'foretick', inputs: partitions, shards });
  const queue = await openEmbeddedQueue({ directory: directoryOf(name) });
  const rows = new Map<string, string[]>();
  const predicted = new Map<string, number>();
  try {
    for await (const { records } of queue.read({ topic: layout.name('features'), from: 'earliest', toEnd: true })) {
      for (const record of records) {
        const batch = decodeFeatures(record);
        const width = batch.names.length;
        for (let i = 0; i < batch.length; i++) {
          const instrument = batch.instruments[batch.instrument[i]!]!;
          const line = [batch.eventTime[i], batch.receiptTime[i], batch.price[i], batch.warm[i], ...batch.values.subarray(i * width, (i + 1) * width)].join();
          rows.set(instrument, [...(rows.get(instrument) ?? []), line]);
        }
      }
    }
    for await (const { records } of queue.read({ topic: layout.name('predictions'), from: 'earliest', toEnd: true })) {
      for (const { model, rowTask, rowOrdinal } of records.flatMap(decodePredictions)) {
        const key = `${model} ${rowTask} ${rowOrdinal}`;
        predicted.set(key, (predicted.get(key) ?? 0) + 1);
      }
    }
  } finally {
    await queue.close();
  }
  return { rows, predicted };
}

describe.each([1, 4])('four partitions, shards: %d', (shards) => {
  test('each input gives one row and one prediction a model, and each instrument has the rows it has with one partition', async () => {
    const name = `partitions-${shards}`;
    const results = await backtest({ file, directory: directoryOf(name), sections: { target, training, topics: { partitions: 4, shards } } });
    expect(faultsOf(results)).toEqual([]);
    expect(results.features.rows).toBe(ROWS);
    const single = await written('reference', 1, 1);
    const several = await written(name, 4, shards);
    expect(several.rows).toEqual(single.rows);
    expect(several.predicted.size).toBe(3 * ROWS);
    expect([...several.predicted.values()].every((times) => times === 1)).toBe(true);
  }, 120_000);
});
