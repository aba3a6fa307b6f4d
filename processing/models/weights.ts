/** What a linear model has learned, for people: its largest weights, by feature name, for each class. */
import type { SnapshotSection } from '#proto';

import { SectionReader } from './section.ts';

export interface ClassWeights {
  /** Class whose probability a positive weight raises. */
  readonly className: string;
  readonly bias: number;
  /** Of standardised features (mean 0, variance 1), largest in size first. */
  readonly weights: readonly { readonly feature: string; readonly weight: number }[];
}

/**
 * @param model the `model` section of a snapshot
 * @param classes class names; with two the one weight vector there is speaks for the second
 * @returns null when the section is not of a linear model
 * @throws SNAPSHOT_CORRUPT when its weights do not fit the names
 */
export function largestWeights(
  model: SnapshotSection | undefined,
  features: readonly string[],
  classes: readonly string[],
  most: number,
): ClassWeights[] | null {
  const reader = new SectionReader<{ kind?: string }>(model, 'model');
  if (reader.document.kind !== 'softmax' && reader.document.kind !== 'logistic') return null;
  const outputs = classes.length === 2 ? classes.slice(1) : classes;
  const stride = features.length + 1;
  const values = reader.f64('weights', outputs.length * stride);
  return outputs.map((className, k) => ({
    className,
    bias: values[k * stride + features.length]!,
    weights: features
      .map((feature, j) => ({ feature, weight: values[k * stride + j]! }))
      .sort((a, b) => Math.abs(b.weight) - Math.abs(a.weight))
      .slice(0, most),
  }));
}
