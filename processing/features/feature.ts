import type { Post, TickColumns } from '#proto';

/**
 * What a feature sees of one tick. One object is reused for every tick: read it, never keep it.
 * Prices are in the instrument's own currency; 0 stands for "unknown".
 */
export interface FeatureEvent {
  /** Of `TickKind`: quote, trade or bar. */
  readonly kind: number;
  /** Venue's time, µs. May repeat or go backwards; `seconds` never does. */
  readonly eventTime: number;
  /** Collector's time, µs: the clock of posts. */
  readonly receiptTime: number;
  /** Since the instrument's newest event before this one; 0 for its first one and for one out of order. */
  readonly seconds: number;
  /** `2^(-seconds / halfLife)`, at the indices that `FeatureEnv.decay` gave. */
  readonly decays: Float64Array;
  /** Reference price: mid of the newest two-sided quote, else the last trade or bar price. */
  readonly price: number;
  /** Natural logarithm of `price`; 0 while the price is unknown. */
  readonly logPrice: number;
  /** `logPrice` before this tick; equal to `logPrice` at the tick that makes the price known. */
  readonly previousLogPrice: number;
  /** 1 at the one tick that makes the price known, else 0. */
  readonly firstPrice: number;
  /** Of the newest two-sided quote. */
  readonly bid: number;
  readonly ask: number;
  readonly bidSize: number;
  readonly askSize: number;
  /** The same four before this tick: equal to them unless this tick is a two-sided quote, 0 until the first one. */
  readonly previousBid: number;
  readonly previousAsk: number;
  readonly previousBidSize: number;
  readonly previousAskSize: number;
  /** 1 when this tick is a trade, else 0. */
  readonly trade: number;
  /** Price of the trade; 0 for quotes and bars. */
  readonly tradePrice: number;
  /** Size of the trade, at most 1e100 so that decayed sums stay finite; 0 for quotes and bars. */
  readonly tradeSize: number;
  /** Aggressor of the trade, of `TickSide`. */
  readonly side: number;
  /** The tick itself, for what is not above: row `index` of `ticks`. */
  readonly ticks: TickColumns;
  readonly index: number;
}

/** What a feature may ask for while its set is compiled. */
export interface FeatureEnv {
  /** Index into `FeatureEvent.decays`. Features that ask for the same half-life share one `exp` a tick. */
  decay(halfLifeSeconds: number): number;
}

/** Fold a tick into `state[at .. at + width)` and give the column's value. */
export type UpdateFeature = (state: Float64Array, at: number, event: FeatureEvent) => number;

/** Fold a post received at `time`, µs. `sentiment` is in [-1, 1]: what the engine's `sentimentOf` gave, 0 without one. */
export type FoldPost = (state: Float64Array, at: number, time: number, post: Post, sentiment: number) => void;

/**
 * A compiled feature: functions of its state, zeros at first, that need no `this`, take O(1) (exact windows:
 * see `exactWindow`) and allocate nothing. What
 * `update` gives is made finite: NaN becomes 0, what is beyond ±1e6 is cut there. The state itself must stay finite.
 */
export interface FeatureKernel {
  /** Called once for a new instrument, when zeros are not the right beginning. */
  readonly init?: (state: Float64Array, at: number) => void;
  readonly update: UpdateFeature;
  /** For features of posts. It may touch nothing that a feature of quotes reads. */
  readonly post?: FoldPost;
}

/** One column, declared once: the engine, the docs and the Arrow metadata read this. */
export interface Feature {
  readonly name: string;
  readonly unit: string;
  readonly doc: {
    /** What it says, in one sentence. */
    readonly what: string;
    readonly formula: string;
    /** Paper or page the formula is from. */
    readonly source: string;
  };
  /** Float64 values of state an instrument. */
  readonly width: number;
  create(env: FeatureEnv): FeatureKernel;
}
