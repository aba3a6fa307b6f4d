/**
 * 600 instruments in 24 partitions, worked on by feature workers that come, go and are killed: each input makes one row and one prediction, each
 * instrument's rows are those of the embedded queue, and whoever trains again on the same rows gets the same weights.
 */
import { afterAll, expect, test } from '@jest/globals';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { stringify } from 'yaml';

import { readResults, type RunResults } from '#app';
import { topicLayout, type TopicLayout } from '#proto';
import type { OutputRecord, Queue } from '#queue';
import { openEmbeddedQueue } from '#queue/embedded';
import { openKafkaQueue } from '#queue/kafka';

import { backtest, faultsOf } from '../support/backtest.ts';
import { endAll, eventually } from '../support/program.ts';
import { recordingLines, scratchDirectory, writeRows } from '../support/recording.ts';
import { rowsByInstrument } from '../support/rows.ts';
import { Fleet } from './chaos/processes.ts';
import { MODELS, workedThrough } from './chaos/run.ts';
import { describeKafka } from './runner/describe.ts';

const PARTITIONS = 24;
/** Of each of the three instruments of the recording. */
const CLONES = 200;
const ROWS = 240;
const SYMBOL = 3;
const DEADLINE_MS = 240_000;
const SECTIONS = {
  features: { checkpoint_rows: 500, checkpoint_interval: '1s' },
  training: { checkpoint_rows: 5_000, checkpoint_interval: '1s' },
  target: { horizon: '2s' },
  topics: { partitions: PARTITIONS },
} as const;

/** Every row of the cut recording for every clone of its instrument. */
function cloned(directory: string): string {
  const { header, rows } = recordingLines();
  const clones = rows.slice(0, ROWS).flatMap((row) => {
    const cells = row.split(',');
    return Array.from({ length: CLONES }, (_, k) => cells.map((cell, i) => (i === SYMBOL ? `${cell}-${k}` : cell)).join());
  });
  return writeRows(join(directory, 'cloned.csv'), header, clones);
}

describeKafka('feature workers that share 24 partitions', ({ brokers, fresh }) => {
  const scratch = scratchDirectory();
  afterAll(() => {
    endAll();
    scratch.remove();
  });

  const written = (prefix: string, sources: readonly unknown[]): string => {
    const path = join(scratch.path, `${prefix}.yaml`);
    const kafka = { brokers: [...brokers()], session_timeout: '2s', heartbeat_interval: '200ms', takeover_wait: '3s', transaction_timeout: '4s' };
    const topics = { prefix, partitions: PARTITIONS, shards: 1 };
    writeFileSync(path, stringify({ ...SECTIONS, queue: { driver: 'kafka', kafka }, topics, sources, lifecycle: { grace: '30s' } }));
    return path;
  };

  test('nothing is lost, doubled or different, and training again gives the same weights', async () => {
    const file = cloned(scratch.path);
    const directory = join(scratch.path, 'embedded');
    const posts = { per_minute: 600, seed: 7, instruments: Array.from({ length: 50 }, (_, k) => `binance:BTCUSDT-${k}`) };
    const reference = await backtest({ file, directory, sections: { ...SECTIONS, sources: [{ name: 'backtest', kind: 'replay', file, speed: 'max', laps: 1, times: 'kept', made_up_posts: posts }] } });
    const embedded = await openEmbeddedQueue({ directory });
    const expected = await rowsByInstrument(embedded, topicLayout({ prefix: 'foretick', inputs: PARTITIONS, shards: 1 })).finally(() => embedded.close());
    expect(expected.size).toBe(3 * CLONES);

    const queue = await openKafkaQueue({ brokers: brokers() });
    try {
      const prefix = `${fresh()}scale`;
      const layout = topicLayout({ prefix, inputs: PARTITIONS, shards: 1 });
      const speed = 3;
      const fleet = new Fleet(written(prefix, [{ name: 'backtest', kind: 'replay', file, speed, laps: 1, times: 'kept', made_up_posts: posts }]));
      for (const role of ['features', 'train', 'collect'] as const) fleet.add(role);
      await eventually('rows come', () => started(queue, layout), 60_000);
      fleet.add('features');
      fleet.add('features');
      await sleep(2_000);
      await fleet.kill(fleet.of('features')[0]!);
      await sleep(1_000);
      fleet.add('features');
      await sleep(3_000);
      await fleet.drain(fleet.of('features')[0]!);
      expect(await workedThrough(queue, layout, performance.now() + DEADLINE_MS)).toBe(true);
      await fleet.end();
      expect(fleet.problems).toEqual([]);

      const results = await resultsOf(queue, layout);
      expect(faultsOf(results)).toEqual([]);
      expect(results.deadLetters).toEqual(reference.deadLetters);
      expect(results.features.rows).toBe(reference.features.rows);
      expect(results.predictions.rows).toBe(MODELS.length * results.features.rows);
      const rows = await rowsByInstrument(queue, layout);
      const unequal = [...expected].filter(([instrument, lines]) => rows.get(instrument)?.join('\n') !== lines.join('\n'));
      expect(unequal.map(([instrument]) => instrument)).toEqual([]);
      expect(rows.size).toBe(expected.size);

      const again = topicLayout({ prefix: `${fresh()}again`, inputs: PARTITIONS, shards: 1 });
      await copyRows(queue, layout, again);
      const trainers = new Fleet(written(again.prefix, []));
      trainers.add('train');
      await eventually('all rows are learned again', async () => ((await learned(queue, again)) ? true : undefined), DEADLINE_MS);
      await trainers.end();
      expect(trainers.problems).toEqual([]);
      const { weightsSha256, predictions, outcomes } = await resultsOf(queue, again);
      expect({ weightsSha256, predictions, outcomes }).toEqual({ weightsSha256: results.weightsSha256, predictions: results.predictions, outcomes: results.outcomes });
    } finally {
      await queue.close();
    }
  }, 900_000);
});

function resultsOf(queue: Queue, layout: TopicLayout): Promise<RunResults> {
  return readResults({ queue, layout, horizonUs: 2e6, classes: 3, baselines: ['prior', 'persistence'], models: MODELS });
}

async function started(queue: Queue, layout: TopicLayout): Promise<true | undefined> {
  const topics = await queue.topics();
  if (!topics.some(({ name }) => name === layout.name('features'))) return undefined;
  return (await queue.offsets(layout.name('features'))).some(({ end }) => end > 0) ? true : undefined;
}

/** The rows of one layout as those of another: what a second training works on. */
async function copyRows(queue: Queue, from: TopicLayout, into: TopicLayout): Promise<void> {
  await queue.ensureTopics(into.specs());
  const producer = await queue.producer();
  for await (const { records } of queue.read({ topic: from.name('features'), from: 'earliest', toEnd: true })) {
    await producer.send(records.map(({ partition, key, value, headers }): OutputRecord => ({ topic: into.name('features'), partition, value, headers, ...(key && { key }) })));
  }
  await producer.close();
}

async function learned(queue: Queue, layout: TopicLayout): Promise<boolean> {
  const topic = layout.name('features');
  const offsets = await queue.offsets(topic);
  for (const model of MODELS) {
    const committed = await queue.committed(`${layout.prefix}.training.${model}`, topic);
    if (offsets.some(({ partition, end }) => end > 0 && (committed.get(partition) ?? 0) < end)) return false;
  }
  return true;
}
