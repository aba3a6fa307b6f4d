import type { FeatureEvent, UpdateFeature } from './feature.ts';

/** Runs every feature of a set over one event: state at `state[base]`, row to `out[at]`. */
export type WriteRow = (state: Float64Array, base: number, event: FeatureEvent, out: Float32Array, at: number) => void;

/** Row values are cut here: ratios can explode, a learner should not. */
const LIMIT = 1e6;

/** A finite value within the limit; NaN becomes 0, infinity the limit. */
function bounded(value: number): number {
  return value > LIMIT ? LIMIT : value < -LIMIT ? -LIMIT : Number.isNaN(value) ? 0 : value;
}

/** The plain way: what `unrolledRows` must equal, and what runs where code may not be generated. */
export function loopedRows(updates: readonly UpdateFeature[], offsets: readonly number[]): WriteRow {
  return (state, base, event, out, at) => {
    for (let k = 0; k < updates.length; k++) out[at + k] = bounded(updates[k]!(state, base + offsets[k]!, event));
  };
}

/** Columns of one generated function: as many as V8 inlines into one; the rest would return boxed doubles. */
const GROUP = 8;

/**
 * The same, with a call site of its own for each feature. In a loop all features share one call site, which V8 can
 * neither inline nor return an unboxed double from: 15 columns then take twice as long. The source is made of
 * numbers only, the offsets; nothing from outside gets into it.
 */
export function unrolledRows(updates: readonly UpdateFeature[], offsets: readonly number[]): WriteRow {
  const groups: string[] = [];
  for (let first = 0; first < updates.length; first += GROUP) {
    const lines = offsets
      .slice(first, first + GROUP)
      .map(
        (offset, k) =>
          `v = f${first + k}(state, base + ${offset}, event); out[at + ${first + k}] = v > -${LIMIT} && v < ${LIMIT} ? v : bounded(v);`,
      );
    groups.push(`const g${first} = (state, base, event, out, at) => { let v = 0; ${lines.join('\n')} };`);
  }
  const calls = groups.map((_, g) => `g${g * GROUP}(state, base, event, out, at);`).join(' ');
  const source = `'use strict'; ${groups.join('\n')} return (state, base, event, out, at) => { ${calls} };`;
  const names = updates.map((_, k) => `f${k}`);
  // eslint-disable-next-line @typescript-eslint/no-implied-eval -- reason above
  const make = new Function('bounded', ...names, source) as (clamp: typeof bounded, ...features: UpdateFeature[]) => WriteRow;
  return make(bounded, ...updates);
}

/** The faster of the two that this process allows (`--disallow-code-generation-from-strings`). */
export function rowsOf(updates: readonly UpdateFeature[], offsets: readonly number[]): WriteRow {
  try {
    return unrolledRows(updates, offsets);
  } catch (error) {
    if (error instanceof EvalError) return loopedRows(updates, offsets);
    throw error;
  }
}
