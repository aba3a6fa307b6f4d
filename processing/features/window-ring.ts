/** What exact windows share: a ring of values, and of their times where the window is one of time, in a state row. */

export interface WindowSize {
  /** Values kept at most. */
  readonly capacity: number;
  /** Length in µs of event time; null for a window of the newest `capacity` values. */
  readonly spanUs: number | null;
}

export interface Window {
  /** Float64 values of state. */
  readonly width: number;
  /** Let time pass to `time`, µs, and add `value`; NaN or infinite: none. The aggregate, NaN when the window is empty. */
  readonly fold: (state: Float64Array, at: number, time: number, value: number) => number;
}

/** Newest event time; it never goes back. */
export const CLOCK = 0;
/** Place of the oldest value in the ring, and how many there are. */
export const HEAD = 1;
export const SIZE = 2;
/** Two values of each kind's own. */
export const OWN = 3;
export const RING = 5;

const MAX_VALUE = 1e100;

/** What a kind of window does when a value leaves and when one comes, at place `slot` of the ring. */
export interface RingKind {
  /** Values of state behind the rings of values and times. */
  readonly extra: number;
  /** Before the oldest value, at `slot`, is dropped; head and size still count it. */
  readonly leave: (state: Float64Array, at: number, slot: number) => void;
  /** After `value` was put at `slot`; size does not count it yet. */
  readonly enter: (state: Float64Array, at: number, value: number) => void;
  /** The aggregate of a window that is not empty. */
  readonly read: (state: Float64Array, at: number) => number;
}

export function ringWindow({ capacity, spanUs }: WindowSize, kind: RingKind): Window {
  const times = RING + capacity;
  const { leave, enter, read } = kind;

  function drop(state: Float64Array, at: number): void {
    const head = state[at + HEAD]!;
    leave(state, at, head);
    state[at + HEAD] = head + 1 === capacity ? 0 : head + 1;
    state[at + SIZE] = state[at + SIZE]! - 1;
  }

  return {
    width: RING + capacity + (spanUs === null ? 0 : capacity) + kind.extra,
    fold(state, at, time, value) {
      const now = time > state[at + CLOCK]! ? time : state[at + CLOCK]!;
      state[at + CLOCK] = now;
      if (spanUs !== null) {
        while (state[at + SIZE]! > 0 && state[at + times + state[at + HEAD]!]! <= now - spanUs) drop(state, at);
      }
      if (Number.isFinite(value)) {
        const kept = value > MAX_VALUE ? MAX_VALUE : value < -MAX_VALUE ? -MAX_VALUE : value;
        if (state[at + SIZE]! === capacity) drop(state, at);
        const size = state[at + SIZE]!;
        const slot = (state[at + HEAD]! + size) % capacity;
        state[at + RING + slot] = kept;
        if (spanUs !== null) state[at + times + slot] = now;
        enter(state, at, kept);
        state[at + SIZE] = size + 1;
      }
      return state[at + SIZE]! > 0 ? read(state, at) : NaN;
    },
  };
}
