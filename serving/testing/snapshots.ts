/** Whole snapshots on the `models` topic, of a softmax regression that has learned that the first feature means up. */
import { aboutSection, createModel, snapshotRecords, type ModelSpec } from '#models';
import type { OutputRecord } from '#queue';

import { CLASSES, EVENT_TIME, HORIZON_US, LAYOUT, NAMES, SET } from './records.ts';

export function softmaxSnapshot(name: string, steps: number): OutputRecord[] {
  const spec: ModelSpec = { name, kind: 'softmax', batch: 3, learningRate: 0.1, l2: 0 };
  const width = NAMES.length;
  const model = createModel(spec, { width, classes: CLASSES.length });
  const rows = { length: 3, features: Float32Array.from([-1, 0, 0.1, 0, 0.1, 0, 1, 0, 0]), instruments: Int32Array.of(0, 0, 0), labels: Uint8Array.of(0, 1, 2), predicted: new Float64Array(9).fill(1 / 3) };
  for (let step = 0; step < steps; step++) model.learn(rows);
  const target = { horizonUs: HORIZON_US, deadBandBps: 0.5, classes: [...CLASSES] };
  const { records } = snapshotRecords(
    { model: name, shard: 0, version: steps, featureSet: SET, features: [...NAMES], target, offset: 0, rereadOffset: 0, rows: 30, outcomes: 3 * steps, evaluations: 0, eventTimeUs: EVENT_TIME },
    { model: model.save(), about: aboutSection({ spec, classes: CLASSES, instruments: ['sim:BTC-USDT'] }) },
  );
  return records.map(({ key, value, headers }) => ({ topic: LAYOUT.name('models'), partition: 0, key, value, ...(headers && { headers }) }));
}
