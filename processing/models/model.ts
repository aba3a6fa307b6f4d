/**
 * The model port: what every online classifier promises. `testing/contract.ts` holds models to it.
 *
 * Predict never learns; learn never touches its inputs; the same seed and the same rows give the same bits;
 * a restored model predicts exactly what the saved one did.
 */
import type { SnapshotSection } from '#proto';

/** Labelled rows in columns; the first `length` count. `features` is row-major, `width` float32 a row. */
export interface LabelledRows {
  readonly length: number;
  readonly features: Float32Array;
  /** Dense instrument ids; -1 when a row belongs to none. */
  readonly instruments: Int32Array;
  /** Class indices. */
  readonly labels: Uint8Array;
  /** Row-major, `classes` a row: what the model said of each row when it was predicted. */
  readonly predicted: Float64Array;
}

export interface Model {
  readonly kind: string;
  /** Features a row. */
  readonly width: number;
  readonly classes: number;
  /** Learning steps taken. */
  readonly step: number;
  /**
   * Class probabilities of the row `features[at .. at + width)` into `out[outAt .. outAt + classes)`. They are
   * finite, at least 1e-6 each, and sum to 1 within 1e-12.
   */
  predictRow(features: Float32Array, at: number, instrument: number, out: Float64Array, outAt: number): void;
  /** One learning step from all rows. NOT_FINITE or SHAPE_MISMATCH leave the model as it was. */
  learn(rows: LabelledRows): void;
  /** Everything that later predictions and steps depend on. */
  save(): SnapshotSection;
  /** Puts a saved state back. SNAPSHOT_CORRUPT when it is of another kind or shape. */
  restore(section: SnapshotSection): void;
  /** Tensors of a library that it holds: they must not grow. */
  readonly tensors?: number;
  /** Gives back what a library holds for it. Twice is safe. */
  close?(): void;
}

/** The many-row form of `predictRow`; the same numbers, whatever the batch. */
export function predictRows(
  model: Model,
  features: Float32Array,
  instruments: Int32Array,
  out: Float64Array = new Float64Array(instruments.length * model.classes),
): Float64Array {
  for (let i = 0; i < instruments.length; i++) {
    model.predictRow(features, i * model.width, instruments[i]!, out, i * model.classes);
  }
  return out;
}

/** No class is ever given less: one surprise must not cost an unbounded loss. */
export const MIN_PROBABILITY = 1e-6;

/** Lifts every probability to MIN_PROBABILITY and scales the rest so that the sum stays 1. */
export function floorProbabilities(p: Float64Array, at: number, classes: number): void {
  let lifted = 0;
  let rest = 0;
  for (let c = at; c < at + classes; c++) {
    if (p[c]! < MIN_PROBABILITY) lifted += 1;
    else rest += p[c]!;
  }
  if (lifted === 0) return;
  const scale = (1 - lifted * MIN_PROBABILITY) / rest;
  for (let c = at; c < at + classes; c++) {
    p[c] = p[c]! < MIN_PROBABILITY ? MIN_PROBABILITY : Math.max(MIN_PROBABILITY, p[c]! * scale);
  }
}
