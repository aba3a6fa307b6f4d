/** Every kind of model through the whole pipeline: equal results twice, cut otherwise, and gone on with after a stop; servers score what trainers do. */
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { join } from 'node:path';

import { runBacktest } from '#app';
import { predictRows, publishedModel, SectionAssembler } from '#models';
import { topicLayout } from '#proto';
import { openEmbeddedQueue } from '#queue/embedded';
import { pino } from 'pino';

import { backtest, backtestConfig, digestsOf, faultsOf, type Digests } from './support/backtest.ts';
import { cutRecording, scratchDirectory } from './support/recording.ts';

const root = scratchDirectory();
afterAll(() => { root.remove(); });

const models = [
  { name: 'softmax', kind: 'softmax' },
  { name: 'ftrl', kind: 'softmax', optimizer: 'ftrl', learning_rate: 0.01, l1: 0.001 },
  { name: 'adagrad', kind: 'softmax', optimizer: 'adagrad', learning_rate: 0.01 },
  { name: 'mlp', kind: 'mlp', hidden: [16, 8] },
  { name: 'mlp-wasm', kind: 'mlp', hidden: [16, 8], backend: 'wasm' },
];
const sections = (checkpointRows: number, batchRows: number) => ({ models, training: { checkpoint_rows: checkpointRows, checkpoint_interval: '1h' }, features: { batch_rows: batchRows } });

let file: string;
let expected: Digests;
beforeAll(async () => {
  file = cutRecording(root.path, 12_000);
  const results = await backtest({ file, directory: join(root.path, 'whole'), sections: sections(20_000, 1024) });
  expect(faultsOf(results)).toEqual([]);
  const scored = Object.fromEntries(results.models.map(({ model, outcomes }) => [model, outcomes]));
  expect(scored['mlp']).toBeGreaterThan(3000);
  expect(scored['mlp-wasm']).toBe(scored['mlp']);
  expected = digestsOf(results);
}, 120_000);

test('run again with other batches and checkpoints: the same digests', async () => {
  expect(digestsOf(await backtest({ file, directory: join(root.path, 'again'), sections: sections(1000, 300) }))).toEqual(expected);
}, 120_000);

test('stopped in the middle, again and again, and gone on with: the same digests', async () => {
  const config = backtestConfig({ file, directory: join(root.path, 'stopped'), sections: sections(2000, 256) });
  for (const rows of [2000, 6000, 9000]) {
    const stop = new AbortController();
    const onProgress = ({ row }: { row: number }): void => {
      if (row >= rows) stop.abort();
    };
    await runBacktest({ config, logger: pino({ level: 'silent' }), signal: stop.signal, onProgress });
  }
  const rest = await runBacktest({ config, logger: pino({ level: 'silent' }), signal: new AbortController().signal });
  if (!rest.finished) throw new Error('the backtest was interrupted');
  // What the configuration says of batches is not part of the results.
  expect(digestsOf(rest.results)).toEqual(expected);
}, 180_000);

test('a server builds every model from its snapshot, those that learned on TensorFlow.js too', async () => {
  const queue = await openEmbeddedQueue({ directory: join(root.path, 'whole') });
  const layout = topicLayout({ prefix: 'foretick', inputs: 1, shards: 1 });
  const assembler = new SectionAssembler();
  const newest = new Map<string, number>();
  for await (const { records } of queue.read({ topic: layout.name('models'), from: 'earliest', toEnd: true })) {
    for (const record of records) {
      const snapshot = assembler.push(record);
      if (!snapshot) continue;
      const { manifest, model } = publishedModel(snapshot);
      const p = predictRows(model, new Float32Array(manifest.features.length).fill(0.5), Int32Array.of(0));
      expect(Math.abs(p.reduce((a, b) => a + b) - 1)).toBeLessThan(1e-9);
      newest.set(manifest.model, model.step);
    }
  }
  await queue.close();
  expect([...newest.keys()].sort()).toEqual([...models.map(({ name }) => name), 'persistence', 'prior'].sort());
  expect(newest.get('mlp')).toBe(newest.get('mlp-wasm'));
});
