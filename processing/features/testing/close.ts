import { expect } from '@jest/globals';

const LIMIT = 1e6;
const TOLERANCE = 1e-6;
/** Below this the tolerance is absolute: differences of logarithms have no more digits than that. */
const SMALL = 0.01;
/** Columns on another scale than 1: of 100, a millionth is as good as nothing. */
const SMALL_OF: Readonly<Record<string, number>> = { rsi_14: 1 };

/** Every column within 1e-6 of the reference, relatively. */
export function expectClose(names: readonly string[], row: Float32Array, reference: Record<string, number>, where: string): void {
  const wrong = names.flatMap((name, k) => {
    const expected = Math.min(LIMIT, Math.max(-LIMIT, reference[name]!));
    const error = Math.abs(row[k]! - expected) / Math.max(Math.abs(expected), SMALL_OF[name] ?? SMALL);
    return error <= TOLERANCE ? [] : [`${where}: ${name} is ${row[k]!}, by definition ${expected}`];
  });
  expect(wrong).toEqual([]);
}
