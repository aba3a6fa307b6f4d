import { TickKind } from '#proto';
import { isTwoSided, momentsOf, referenceRow, returnsOf, sum, timeWeighted, tradesOf, volatility, weight, type Moment, type ReferenceEvent } from './reference.ts';

/** The columns of `default@2` from their definitions, as `reference.ts` has those of `default@1`: slow and obvious. */

interface Book {
  readonly time: number;
  readonly bid: number;
  readonly ask: number;
  readonly bidSize: number;
  readonly askSize: number;
}

const imbalanceOf = (b: Book): number => (b.bidSize + b.askSize > 0 ? (b.bidSize - b.askSize) / (b.bidSize + b.askSize) : 0);
const spreadOf = (b: Book): number => (1e4 * (b.ask - b.bid)) / ((b.bid + b.ask) / 2);

/** Mean over time of what each book was worth while it stood; the first one stood for ever. */
function bookMean(books: readonly Book[], value: (book: Book) => number, now: number, halfLife: number): number {
  return sum(
    books.map((book, j) => {
      const end = books[j + 1]?.time ?? now;
      return value(book) * (weight(now - end, halfLife) - (j === 0 ? 0 : weight(now - book.time, halfLife)));
    }),
  );
}

function orderFlow(books: readonly Book[], now: number): number {
  const orders = books.slice(1).map((b, j) => {
    const p = books[j]!;
    const bid = b.bid > p.bid ? b.bidSize : b.bid < p.bid ? -p.bidSize : b.bidSize - p.bidSize;
    const ask = b.ask < p.ask ? b.askSize : b.ask > p.ask ? -p.askSize : b.askSize - p.askSize;
    return { bid, ask, weight: weight(now - b.time, 10) };
  });
  const total = sum(orders.map((o) => o.weight * (Math.abs(o.bid) + Math.abs(o.ask))));
  return total > 1e-290 ? sum(orders.map((o) => o.weight * (o.bid - o.ask))) / total : 0;
}

function vwapDeviation(moments: readonly Moment[]): number {
  const newest = moments.at(-1)!;
  const trades = moments
    .filter((m) => m.tick.kind === TickKind.TRADE && m.tick.price! > 0 && m.tick.size! > 0)
    .map((m) => ({ price: m.tick.price!, volume: m.tick.size! * weight(newest.time - m.time, 60) }));
  const volume = sum(trades.map((t) => t.volume));
  return volume > 1e-290 ? 1e4 * Math.log(newest.price / (sum(trades.map((t) => t.volume * t.price)) / volume)) : 0;
}

/** Deepest decayed sum of the returns from any event on, times `sign`; at least 0. */
function excursion(moments: readonly Moment[], sign: number): number {
  const now = moments.at(-1)!.time;
  let deepest = 0;
  let since = 0;
  for (const r of returnsOf(moments).reverse()) {
    since += sign * r.bps * weight(now - r.time, 60);
    deepest = Math.max(deepest, since);
  }
  return deepest;
}

const trades = (moments: readonly Moment[], halfLife: number): number => {
  const all = tradesOf(moments, halfLife);
  const volume = sum(all.map((t) => t.weight * t.size));
  return volume > 1e-290 ? sum(all.map((t) => t.weight * t.size * t.side)) / volume : 0;
};

function sentiments(events: readonly ReferenceEvent[], receipt: number): Record<string, number> {
  let clock = -Infinity;
  const posts = events.flatMap((e) => (e.type === 'post' ? [{ time: (clock = Math.max(clock, e.time)), s: e.sentiment ?? 0 }] : []));
  const now = Math.max(clock, receipt);
  const hour = posts.map((p) => weight(now - p.time, 3600));
  const usual = (n: number): number => (1 - 2 ** (-1 / 50)) * sum(posts.slice(0, n).map((p, j) => p.s * 2 ** (-(n - 1 - j) / 50)));
  return {
    sentiment_1h: sum(posts.map((p, j) => p.s * hour[j]!)) / (1 + sum(hour)),
    sentiment_surprise_5m: sum(posts.map((p, j) => (p.s - usual(j)) * weight(now - p.time, 300))),
  };
}

/** Row of the newest event, which must be a tick; all but `authors_15m`, which is approximate. */
export function fullReferenceRow(events: readonly ReferenceEvent[]): Record<string, number> {
  const moments = momentsOf(events.flatMap((e) => (e.type === 'tick' ? [e.tick] : [])));
  const newest = moments.at(-1)!;
  const { time: now, tick } = newest;
  const books = moments
    .filter((m) => isTwoSided(m.tick))
    .map(({ time, tick: { bid = 0, ask = 0, bidSize = 0, askSize = 0 } }): Book => ({ time, bid, ask, bidSize, askSize }));
  const newestFirst = returnsOf(moments).map((r) => r.bps).reverse();
  const moves = newestFirst.filter((r) => Math.abs(r) > 1e-6);
  const rises = sum(moves.map((r, k) => Math.max(r, 0) * (13 / 14) ** k));
  const falls = sum(moves.map((r, k) => Math.max(-r, 0) * (13 / 14) ** k));
  const level = (halfLife: number): { mean: number; variance: number } =>
    newest.price > 0 ? timeWeighted(moments, halfLife) : { mean: 0, variance: 0 };
  const gaps = moments.map((m, j) => Math.log(1 + (j === 0 ? 0 : m.time - moments[j - 1]!.time) / 1e3)).reverse();
  const date = new Date(Math.floor(tick.eventTime / 1e3));
  const day = (date.getUTCHours() + date.getUTCMinutes() / 60 + (date.getUTCSeconds() + (tick.eventTime % 1e6) / 1e6) / 3600) / 24;
  const week = (((date.getUTCDay() + 6) % 7) + day) / 7;
  const paid = tick.kind === TickKind.TRADE && tick.price! > 0 && books.length > 0;

  return {
    ...referenceRow(events),
    reversion_60s_bps: -1e4 * level(60).mean,
    reversion_600s_bps: -1e4 * level(600).mean,
    return_5n_bps: sum(newestFirst.map((r, k) => r * 2 ** (-k / 5))),
    return_50n_bps: sum(newestFirst.map((r, k) => r * 2 ** (-k / 50))),
    volatility_600s_bps: volatility(moments, 600),
    volatility_50n_bps: Math.sqrt(50 * (1 - 2 ** (-1 / 50)) * sum(newestFirst.map((r, k) => r * r * 2 ** (-k / 50)))),
    zscore_300s: -level(300).mean / Math.sqrt(level(300).variance + 1e-12),
    rsi_14: rises + falls > 0 ? (100 * rises) / (rises + falls) : 50,
    below_high_60s_bps: excursion(moments, -1),
    above_low_60s_bps: excursion(moments, 1),
    spread_mean_60s_bps: bookMean(books, spreadOf, now, 60),
    imbalance_mean_10s: bookMean(books, imbalanceOf, now, 10),
    order_flow_10s: orderFlow(books, now),
    flow_1s: trades(moments, 1),
    flow_60s: trades(moments, 60),
    vwap_deviation_60s_bps: vwapDeviation(moments),
    trade_mid_bps: paid ? 1e4 * (tick.price! / newest.price - 1) : 0,
    inter_arrival_mean_20n_log: (1 - 2 ** (-1 / 20)) * sum(gaps.map((gap, k) => gap * 2 ** (-k / 20))),
    day_sin: Math.sin(2 * Math.PI * day),
    day_cos: Math.cos(2 * Math.PI * day),
    week_sin: Math.sin(2 * Math.PI * week),
    week_cos: Math.cos(2 * Math.PI * week),
    ...sentiments(events, tick.receiptTime),
  };
}
