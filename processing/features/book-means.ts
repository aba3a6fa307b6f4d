import type { Feature, FeatureEvent } from './feature.ts';
import { NOTHING } from './flow.ts';

/**
 * Memory of the book: what it was worth while it stood, and the orders that changed it. All are 0 until there is a
 * two-sided quote; the first one is taken to have stood for ever.
 */

const { abs } = Math;
const BPS = 1e4;
const INTERPOLATION = 'Eckner, Algorithms for Unevenly Spaced Time Series: Moving Averages (2012), EMA with last-point interpolation';

function spreadOf(bid: number, ask: number): number {
  // In this order: BPS times a difference can be beyond the largest double, the quotient lies within ±2.
  return BPS * ((ask - bid) / (bid + 0.5 * (ask - bid)));
}

function imbalanceOf(bidSize: number, askSize: number): number {
  const sum = bidSize + askSize;
  return sum > 0 ? (bidSize - askSize) / sum : 0;
}

export const spreadMean60s: Feature = {
  name: 'spread_mean_60s_bps',
  unit: 'bps',
  doc: {
    what: 'Time-weighted mean of the quoted spread, half-life 60 s.',
    formula: 'mean of 1e4 · (ask − bid) / mid over time with weight 2^(−age/60 s)',
    source: INTERPOLATION,
  },
  width: 1,
  create(env) {
    const decay = env.decay(60);
    return {
      update(state, at, event) {
        if (event.previousBid === 0) return event.bid > 0 ? (state[at] = spreadOf(event.bid, event.ask)) : 0;
        const before = spreadOf(event.previousBid, event.previousAsk);
        return (state[at] = before + event.decays[decay]! * (state[at]! - before));
      },
    };
  },
};

export const imbalanceMean10s: Feature = {
  name: 'imbalance_mean_10s',
  unit: 'ratio in [-1, 1]',
  doc: {
    what: 'Time-weighted mean of the imbalance of the best quotes, half-life 10 s.',
    formula: 'mean of (bid_size − ask_size) / (bid_size + ask_size) over time with weight 2^(−age/10 s)',
    source: `Gould & Bonart, Queue Imbalance as a One-Tick-Ahead Price Predictor (2016); ${INTERPOLATION}`,
  },
  width: 1,
  create(env) {
    const decay = env.decay(10);
    return {
      update(state, at, event) {
        if (event.previousBid === 0) {
          return event.bid > 0 ? (state[at] = imbalanceOf(event.bidSize, event.askSize)) : 0;
        }
        const before = imbalanceOf(event.previousBidSize, event.previousAskSize);
        return (state[at] = before + event.decays[decay]! * (state[at]! - before));
      },
    };
  },
};

const MAX_SIZE = 1e100;
const cut = (size: number): number => (size > MAX_SIZE ? MAX_SIZE : size < -MAX_SIZE ? -MAX_SIZE : size);

/** Size that came to the best bid; below 0: that left it. */
function bidOrders(event: FeatureEvent): number {
  return cut(
    (event.bid >= event.previousBid ? event.bidSize : 0) - (event.bid <= event.previousBid ? event.previousBidSize : 0),
  );
}

/** Size that came to the best ask; below 0: that left it. */
function askOrders(event: FeatureEvent): number {
  return cut(
    (event.ask <= event.previousAsk ? event.askSize : 0) - (event.ask >= event.previousAsk ? event.previousAskSize : 0),
  );
}

export const orderFlow10s: Feature = {
  name: 'order_flow_10s',
  unit: 'ratio in [-1, 1]',
  doc: {
    what: 'Order-flow imbalance: what came to and left the best quotes, as a share of all that moved there, half-life 10 s.',
    formula:
      'Σ (b − a) · 2^(−age/10 s) / Σ (|b| + |a|) · 2^(−age/10 s); b = [bid ≥ bid′] · bid_size − [bid ≤ bid′] · bid_size′, a = [ask ≤ ask′] · ask_size − [ask ≥ ask′] · ask_size′, ′ = the quote before; 0 once the lower sum is below 1e-290',
    source: 'Cont, Kukanov & Stoikov, The Price Impact of Order Book Events (2014)',
  },
  width: 2,
  create(env) {
    const decay = env.decay(10);
    return {
      update(state, at, event) {
        const d = event.decays[decay]!;
        const known = event.previousBid > 0;
        const bid = known ? bidOrders(event) : 0;
        const ask = known ? askOrders(event) : 0;
        const signed = state[at]! * d + (bid - ask);
        const total = state[at + 1]! * d + (abs(bid) + abs(ask));
        state[at] = signed;
        state[at + 1] = total;
        return total > NOTHING ? signed / total : 0;
      },
    };
  },
};
