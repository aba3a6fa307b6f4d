import { HEAD, OWN, RING, SIZE, ringWindow, type RingKind, type Window, type WindowSize } from './window-ring.ts';

/**
 * Sums and extremes by "two stacks": the older part of the ring (the front) holds, in place of each value, the aggregate
 * from there to the end of the front; the newer part (the back) holds values, and one aggregate of them all. The window's
 * is that of the oldest place and the back's. When the front is used up, the back becomes the front.
 */

/** Values in the front part. */
const FRONT = OWN;
/** Aggregate of the back part. */
const BACK = OWN + 1;

const COMBINE = {
  count: (a: number, b: number): number => a + b,
  sum: (a: number, b: number): number => a + b,
  mean: (a: number, b: number): number => a + b,
  min: (a: number, b: number): number => (a < b ? a : b),
  max: (a: number, b: number): number => (a > b ? a : b),
} as const;

export function ringAggregate(name: keyof typeof COMBINE, size: WindowSize): Window {
  return ringWindow(size, twoStacks(name, size.capacity));
}

function twoStacks(name: keyof typeof COMBINE, capacity: number): RingKind {
  const combine = COMBINE[name];

  function flip(state: Float64Array, at: number): void {
    const size = state[at + SIZE]!;
    const head = state[at + HEAD]!;
    let suffix = 0;
    for (let k = size - 1; k >= 0; k--) {
      const place = at + RING + ((head + k) % capacity);
      suffix = k === size - 1 ? state[place]! : combine(state[place]!, suffix);
      state[place] = suffix;
    }
    state[at + FRONT] = size;
  }

  function whole(state: Float64Array, at: number): number {
    const front = state[at + FRONT]!;
    if (front === 0) return state[at + BACK]!;
    const oldest = state[at + RING + state[at + HEAD]!]!;
    return front === state[at + SIZE]! ? oldest : combine(oldest, state[at + BACK]!);
  }

  return {
    extra: 0,
    leave(state, at) {
      if (state[at + FRONT] === 0) flip(state, at);
      state[at + FRONT] = state[at + FRONT]! - 1;
    },
    enter(state, at, value) {
      const back = state[at + SIZE]! - state[at + FRONT]!;
      state[at + BACK] = back === 0 ? value : combine(state[at + BACK]!, value);
    },
    read:
      name === 'count'
        ? (state, at) => state[at + SIZE]!
        : name === 'mean'
          ? (state, at) => whole(state, at) / state[at + SIZE]!
          : whole,
  };
}
