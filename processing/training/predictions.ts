import type { FeatureRows, PredictionColumns } from '#proto';

import type { TrainerOptions } from './trainer.ts';

/** Empty prediction columns for up to `capacity` rows of one features record. */
export function createPredictions(
  options: TrainerOptions,
  rows: FeatureRows,
  instruments: readonly string[],
  capacity: number,
): PredictionColumns {
  const { classes } = options.target;
  return {
    length: 0,
    task: options.task,
    model: options.spec.name,
    featureSet: options.featureSet,
    rowTask: rows.task,
    classes,
    instruments,
    instrument: new Int32Array(capacity),
    ordinal: new Float64Array(capacity),
    version: new Float64Array(capacity),
    rowOrdinal: new Float64Array(capacity),
    eventTime: new Float64Array(capacity),
    dueTime: new Float64Array(capacity),
    price: new Float64Array(capacity),
    probabilities: new Float64Array(capacity * classes),
    abstained: new Uint8Array(capacity),
  };
}
