/**
 * The regressor port: a number instead of class probabilities, with the same promises as a `Model`. `testing/regressor-contract.ts`
 * holds regressors to it.
 */
import { fail, type SnapshotSection } from '#proto';

/** Rows with what came true; the first `length` count. `features` is row-major, `width` float32 a row. */
export interface TargetRows {
  readonly length: number;
  readonly features: Float32Array;
  readonly targets: Float64Array;
}

export interface Regressor {
  readonly kind: string;
  /** Features a row. */
  readonly width: number;
  /** Learning steps taken. */
  readonly step: number;
  /** For the row `features[at .. at + width)`; finite. */
  predictRow(features: Float32Array, at: number): number;
  /** One learning step from all rows. NOT_FINITE or SHAPE_MISMATCH leave the model as it was. */
  learn(rows: TargetRows): void;
  /** Everything that later predictions and steps depend on. */
  save(): SnapshotSection;
  /** Puts a saved state back. SNAPSHOT_CORRUPT when it is of another kind or shape. */
  restore(section: SnapshotSection): void;
}

/** SHAPE_MISMATCH for no rows or too few values, NOT_FINITE for NaN and infinity. */
export function checkFeatures(features: Float32Array, length: number, width: number): void {
  const values = length * width;
  if (length === 0 || features.length < values) throw fail('SHAPE_MISMATCH', `${features.length} values for ${length} rows of ${width}`);
  for (let i = 0; i < values; i++) {
    // x - x is 0 for finite numbers and NaN for all others.
    if (features[i]! - features[i]! !== 0) throw fail('NOT_FINITE', `feature ${i % width} of row ${Math.floor(i / width)}`);
  }
}
