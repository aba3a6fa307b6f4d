import { fail } from '#proto';
import type { Feature, FeatureKernel, FoldPost, UpdateFeature } from './feature.ts';
import { rowsOf, type WriteRow } from './rows.ts';

/** A set laid out for the hot loop: states side by side, one place for each half-life. */
export interface CompiledSet {
  readonly stateWidth: number;
  /** Natural decay rate, 1/s and negative, of each half-life asked for. */
  readonly rates: Float64Array;
  readonly writeRow: WriteRow;
  readonly posts: readonly { readonly offset: number; readonly fold: FoldPost }[];
  /** Prepare a row of zeros that begins at `state[base]`. */
  init(state: Float64Array, base: number): void;
}

/** Lay the features' states out behind the first `reserved` values of a row. */
export function compile(features: readonly Feature[], reserved: number): CompiledSet {
  const halfLives: number[] = [];
  const env = {
    decay(halfLifeSeconds: number): number {
      if (!(halfLifeSeconds > 0 && halfLifeSeconds < Infinity)) {
        throw fail('CONFIG_INVALID', `half-life ${halfLifeSeconds} s is not above 0 and finite`);
      }
      const known = halfLives.indexOf(halfLifeSeconds);
      return known === -1 ? halfLives.push(halfLifeSeconds) - 1 : known;
    },
  };
  const offsets: number[] = [];
  const updates: UpdateFeature[] = [];
  const posts: { offset: number; fold: FoldPost }[] = [];
  const inits: { offset: number; init: NonNullable<FeatureKernel['init']> }[] = [];
  let stateWidth = reserved;
  for (const feature of features) {
    const kernel = feature.create(env);
    const offset = stateWidth;
    offsets.push(offset);
    updates.push(kernel.update);
    const { init, post } = kernel;
    if (init !== undefined) inits.push({ offset, init });
    if (post !== undefined) posts.push({ offset, fold: post });
    stateWidth += feature.width;
  }
  return {
    stateWidth,
    rates: Float64Array.from(halfLives, (halfLife) => -Math.LN2 / halfLife),
    writeRow: rowsOf(updates, offsets),
    posts,
    init(state, base) {
      for (const { offset, init } of inits) init(state, base + offset);
    },
  };
}
