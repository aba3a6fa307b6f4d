import type { Feature, FeatureEvent } from './feature.ts';

/** Features of the newest two-sided quote: 0 until there is one. Crossed quotes give a negative spread. */

const BPS = 1e4;

// A sum of sizes beyond the largest double is infinite; the quotient is then 0, which is as good as unknown.
function imbalanceOf(bidSize: number, askSize: number): number {
  const sum = bidSize + askSize;
  return sum > 0 ? (bidSize - askSize) / sum : 0;
}

function spreadOf(event: FeatureEvent): number {
  return event.bid > 0 ? (BPS * (event.ask - event.bid)) / event.price : 0;
}

export const spreadBps: Feature = {
  name: 'spread_bps',
  unit: 'bps',
  doc: {
    what: 'Quoted spread relative to the mid.',
    formula: '1e4 · (ask − bid) / mid',
    source: 'Huang & Stoll, Dealer versus Auction Markets (1996)',
  },
  width: 0,
  create: () => ({ update: (_state, _at, event) => spreadOf(event) }),
};

export const imbalance: Feature = {
  name: 'imbalance',
  unit: 'ratio in [-1, 1]',
  doc: {
    what: 'Surplus of size at the bid over size at the ask; 0 when both are empty.',
    formula: '(bid_size − ask_size) / (bid_size + ask_size)',
    source: 'Gould & Bonart, Queue Imbalance as a One-Tick-Ahead Price Predictor (2016)',
  },
  width: 0,
  create: () => ({ update: (_state, _at, event) => imbalanceOf(event.bidSize, event.askSize) }),
};

export const micropriceBps: Feature = {
  name: 'microprice_bps',
  unit: 'bps',
  doc: {
    what: 'How far the size-weighted mid stands above the mid.',
    formula: '1e4 · (m − mid) / mid, m = (bid · ask_size + ask · bid_size) / (bid_size + ask_size), that is ½ · spread · imbalance',
    source: 'Gatheral & Oomen, Zero-Intelligence Realized Variance Estimation (2010); Stoikov, The Micro-Price (2018)',
  },
  width: 0,
  create: () => ({ update: (_state, _at, event) => 0.5 * spreadOf(event) * imbalanceOf(event.bidSize, event.askSize) }),
};
