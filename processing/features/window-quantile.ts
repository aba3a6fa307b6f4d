import { RING, SIZE, ringWindow, type Window, type WindowSize } from './window-ring.ts';

/** Quantiles: the values of the ring once more, in ascending order. */
export function ringQuantile(quantile: number, size: WindowSize): Window {
  const { capacity, spanUs } = size;
  const sorted = RING + capacity + (spanUs === null ? 0 : capacity);

  /** First place from `from` on, of `count` ascending values, whose value is not below `value`. */
  function placeOf(state: Float64Array, from: number, count: number, value: number): number {
    let low = from;
    let high = from + count;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (state[middle]! < value) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  return ringWindow(size, {
    extra: capacity,
    leave(state, at, slot) {
      const from = at + sorted;
      const count = state[at + SIZE]!;
      const place = placeOf(state, from, count, state[at + RING + slot]!);
      state.copyWithin(place, place + 1, from + count);
    },
    enter(state, at, value) {
      const from = at + sorted;
      const count = state[at + SIZE]!;
      const place = placeOf(state, from, count, value);
      state.copyWithin(place + 1, place, from + count);
      state[place] = value;
    },
    read(state, at) {
      const from = at + sorted;
      const position = quantile * (state[at + SIZE]! - 1);
      const below = Math.floor(position);
      const low = state[from + below]!;
      return below === position ? low : low + (position - below) * (state[from + below + 1]! - low);
    },
  });
}
