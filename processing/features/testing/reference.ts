import { TickKind, TickSide, type TickRow } from '#proto';

/**
 * The default features from their definitions: explicit sums over the whole history of one instrument, for its newest
 * tick. Slow and obvious on purpose; it shares no code with the engine it judges.
 */

export type ReferenceEvent =
  | { readonly type: 'tick'; readonly tick: TickRow }
  | { readonly type: 'post'; readonly instrument: string; readonly time: number; readonly author?: string; readonly sentiment?: number };

export interface Moment {
  /** Event time, never going back, µs. */
  readonly time: number;
  /** Reference price after the tick, 0 when unknown. */
  readonly price: number;
  readonly tick: TickRow;
}

export const isTwoSided = (tick: TickRow): boolean =>
  tick.kind === TickKind.QUOTE && (tick.bid ?? 0) > 0 && (tick.ask ?? 0) > 0;

export function momentsOf(ticks: readonly TickRow[]): Moment[] {
  let time = -Infinity;
  let mid = 0;
  let last = 0;
  return ticks.map((tick) => {
    time = Math.max(time, tick.eventTime);
    if (isTwoSided(tick)) mid = (tick.bid! + tick.ask!) / 2;
    if (tick.kind !== TickKind.QUOTE && tick.price! > 0) last = tick.price!;
    return { time, price: mid > 0 ? mid : last, tick };
  });
}

/** Age in µs, half-life in seconds. */
export const weight = (age: number, halfLife: number): number => Math.pow(2, -age / 1e6 / halfLife);
export const sum = (values: readonly number[]): number => values.reduce((a, b) => a + b, 0);

/** Mean of ln p, over time, relative to ln of the newest price; and the variance about it. */
export function timeWeighted(moments: readonly Moment[], halfLife: number): { mean: number; variance: number } {
  const priced = moments.filter((m) => m.price > 0);
  const now = priced.at(-1)!;
  const held = priced.slice(0, -1).map((m, j) => ({
    level: Math.log(m.price / now.price),
    // The first price is taken to have held for ever.
    weight:
      weight(now.time - priced[j + 1]!.time, halfLife) - (j === 0 ? 0 : weight(now.time - m.time, halfLife)),
  }));
  const mean = sum(held.map((h) => h.weight * h.level));
  return { mean, variance: sum(held.map((h) => h.weight * (h.level - mean) ** 2)) };
}

export function returnsOf(moments: readonly Moment[]): { time: number; bps: number }[] {
  return moments.map((m, j) => {
    const before = moments[j - 1]?.price ?? 0;
    return { time: m.time, bps: before > 0 ? 1e4 * Math.log(m.price / before) : 0 };
  });
}

export function volatility(moments: readonly Moment[], halfLife: number): number {
  const now = moments.at(-1)!.time;
  return Math.sqrt(Math.LN2 * sum(returnsOf(moments).map((r) => r.bps ** 2 * weight(now - r.time, halfLife))));
}

export function tradesOf(moments: readonly Moment[], halfLife: number): { weight: number; size: number; side: number }[] {
  const now = moments.at(-1)!.time;
  return moments
    .filter((m) => m.tick.kind === TickKind.TRADE)
    .map((m) => ({ weight: weight(now - m.time, halfLife), size: m.tick.size ?? 0, side: m.tick.side ?? TickSide.NONE }));
}

/** Row of the newest event, which must be a tick; all events of one instrument. Columns as in `default@1`. */
export function referenceRow(events: readonly ReferenceEvent[]): Record<string, number> {
  const moments = momentsOf(events.flatMap((e) => (e.type === 'tick' ? [e.tick] : [])));
  const newest = moments.at(-1)!;
  const before = moments.at(-2);
  const book = moments.filter((m) => isTwoSided(m.tick)).at(-1)?.tick;
  const { bid = 0, ask = 0, bidSize = 0, askSize = 0 } = book ?? {};
  const mid = (bid + ask) / 2;
  const micro = bidSize + askSize > 0 ? (bid * askSize + ask * bidSize) / (bidSize + askSize) : mid;
  const known = newest.price > 0;
  const level = (halfLife: number): { mean: number; variance: number } =>
    known ? timeWeighted(moments, halfLife) : { mean: 0, variance: 0 };
  const trades = tradesOf(moments, 10);
  const volume = sum(trades.map((t) => t.weight * t.size));

  let postTime = -Infinity;
  const posts = events.flatMap((e) => (e.type === 'post' ? [(postTime = Math.max(postTime, e.time))] : []));
  const now = Math.max(postTime, newest.tick.receiptTime);
  const ages = posts.map((time) => now - time);
  const count = (halfLife: number): number => sum(ages.map((age) => weight(age, halfLife)));

  return {
    return_bps: returnsOf(moments).at(-1)!.bps,
    reversion_1s_bps: -1e4 * level(1).mean,
    reversion_10s_bps: -1e4 * level(10).mean,
    volatility_10s_bps: volatility(moments, 10),
    volatility_60s_bps: volatility(moments, 60),
    zscore_30s: -level(30).mean / Math.sqrt(level(30).variance + 1e-12),
    spread_bps: book ? (1e4 * (ask - bid)) / mid : 0,
    imbalance: bidSize + askSize > 0 ? (bidSize - askSize) / (bidSize + askSize) : 0,
    microprice_bps: book ? (1e4 * (micro - mid)) / mid : 0,
    flow_10s: volume > 1e-290 ? sum(trades.map((t) => t.weight * t.size * t.side)) / volume : 0,
    trade_intensity_10s: (Math.LN2 / 10) * sum(trades.map((t) => t.weight)),
    inter_arrival_log: before ? Math.log(1 + (newest.time - before.time) / 1e3) : 0,
    posts_5m: count(300),
    post_burst: Math.log((1 + count(300)) / (1 + count(3600) / 12)),
    post_age_log: Math.log(1 + Math.min(604800, ...ages.map((age) => age / 1e6))),
  };
}
