import { TickKind, type TickColumns } from '#proto';
import type { FeatureEvent } from './feature.ts';

/** The part of a state row that every set has, before the features' own: what all of them are derived from. */
export const FIRST_TIME = 0;
/** Running maximum of event time, µs. */
export const LAST_TIME = 1;
export const EVENTS = 2;
/** Newest price of a trade or bar. */
export const LAST_PRICE = 3;
/** Newest two-sided quote. */
export const BID = 4;
export const ASK = 5;
export const BID_SIZE = 6;
export const ASK_SIZE = 7;
/** Reference price and its logarithm. */
export const PRICE = 8;
export const LOG_PRICE = 9;
export const COMMON_WIDTH = 10;

const MAX_SIZE = 1e100;
const SECONDS = 1e-6;
const { log } = Math;

/** The reused event. Fields begin as NaN, not 0, so that the engine gives each a double's storage from the start. */
export class TickEvent implements FeatureEvent {
  kind = 0;
  eventTime = NaN;
  receiptTime = NaN;
  seconds = NaN;
  price = NaN;
  logPrice = NaN;
  previousLogPrice = NaN;
  firstPrice = 0;
  bid = NaN;
  ask = NaN;
  bidSize = NaN;
  askSize = NaN;
  previousBid = NaN;
  previousAsk = NaN;
  previousBidSize = NaN;
  previousAskSize = NaN;
  trade = 0;
  tradePrice = NaN;
  tradeSize = NaN;
  side = 0;
  index = 0;
  readonly decays: Float64Array;
  ticks: TickColumns;

  constructor(halfLives: number, ticks: TickColumns) {
    this.decays = new Float64Array(halfLives);
    this.ticks = ticks;
  }
}

/** Fold row `i` of `ticks` into the common part at `state[at]`, and describe it in `event` (all but its decays). */
export function foldTick(state: Float64Array, at: number, ticks: TickColumns, i: number, event: TickEvent): void {
  const kind = ticks.kind[i]!;
  const time = ticks.eventTime[i]!;
  const events = state[at + EVENTS]!;
  const last = state[at + LAST_TIME]!;
  state[at + EVENTS] = events + 1;
  event.seconds = 0;
  if (events === 0) {
    state[at + FIRST_TIME] = time;
    state[at + LAST_TIME] = time;
  } else if (time > last) {
    event.seconds = (time - last) * SECONDS;
    state[at + LAST_TIME] = time;
  }
  event.kind = kind;
  event.eventTime = time;
  event.receiptTime = ticks.receiptTime[i]!;
  event.ticks = ticks;
  event.index = i;

  const before = state[at + PRICE]!;
  let price = before;
  event.previousBid = state[at + BID]!;
  event.previousAsk = state[at + ASK]!;
  event.previousBidSize = state[at + BID_SIZE]!;
  event.previousAskSize = state[at + ASK_SIZE]!;
  event.trade = 0;
  event.tradePrice = 0;
  event.tradeSize = 0;
  event.side = 0;
  if (kind === TickKind.QUOTE) {
    const bid = ticks.bid[i]!;
    const ask = ticks.ask[i]!;
    if (bid > 0 && ask > 0) {
      state[at + BID] = bid;
      state[at + ASK] = ask;
      state[at + BID_SIZE] = ticks.bidSize[i]!;
      state[at + ASK_SIZE] = ticks.askSize[i]!;
      // Not (bid + ask) / 2, which can overflow.
      price = bid + 0.5 * (ask - bid);
    }
  } else {
    const last = ticks.price[i]!;
    if (last > 0) {
      state[at + LAST_PRICE] = last;
      if (state[at + BID] === 0) price = last;
    }
    if (kind === TickKind.TRADE) {
      const size = ticks.size[i]!;
      event.trade = 1;
      event.tradePrice = last;
      event.tradeSize = size < MAX_SIZE ? size : MAX_SIZE;
      event.side = ticks.side[i]!;
    }
  }
  event.bid = state[at + BID]!;
  event.ask = state[at + ASK]!;
  event.bidSize = state[at + BID_SIZE]!;
  event.askSize = state[at + ASK_SIZE]!;

  const logBefore = state[at + LOG_PRICE]!;
  event.price = price;
  event.firstPrice = 0;
  event.previousLogPrice = logBefore;
  event.logPrice = logBefore;
  if (price !== before) {
    const logPrice = log(price);
    state[at + PRICE] = price;
    state[at + LOG_PRICE] = logPrice;
    event.logPrice = logPrice;
    if (before === 0) {
      event.firstPrice = 1;
      event.previousLogPrice = logPrice;
    }
  }
}
