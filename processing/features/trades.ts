import type { Feature } from './feature.ts';
import { NOTHING } from './flow.ts';

/** Features of prices paid, against the reference price. */

const { log, pow } = Math;
const BPS = 1e4;

export const vwapDeviation60s: Feature = {
  name: 'vwap_deviation_60s_bps',
  unit: 'bps',
  doc: {
    what: 'How far the reference price stands above the volume-weighted average price of trades, half-life 60 s; 0 without trades.',
    formula: '1e4 · ln(p / VWAP), VWAP = Σ price · size · 2^(−age/60 s) / Σ size · 2^(−age/60 s) over trades; 0 once the lower sum is below 1e-290',
    source: 'Berkowitz, Logue & Noser, The Total Cost of Transactions on the NYSE (1988); incremental mean: West (1979)',
  },
  width: 2,
  create(env) {
    const decay = env.decay(60);
    return {
      update(state, at, event) {
        let volume = state[at + 1]! * event.decays[decay]!;
        if (event.tradePrice > 0 && event.tradeSize > 0) {
          volume += event.tradeSize;
          state[at] = state[at]! + (event.tradeSize / volume) * (event.tradePrice - state[at]!);
        }
        state[at + 1] = volume;
        return volume > NOTHING ? BPS * (event.logPrice - log(state[at]!)) : 0;
      },
    };
  },
};

export const tradeMidBps: Feature = {
  name: 'trade_mid_bps',
  unit: 'bps',
  doc: {
    what: 'How far above the mid this trade was: half the effective spread, signed; 0 for ticks that are no trades, and without a quote.',
    formula: '1e4 · (price − mid) / mid',
    source: 'Huang & Stoll, Dealer versus Auction Markets (1996): effective spread',
  },
  width: 0,
  create: () => ({
    update: (_state, _at, event) =>
      event.tradePrice > 0 && event.bid > 0 ? (BPS * (event.tradePrice - event.price)) / event.price : 0,
  }),
};

const EVENTS = 20;
const KEEP = pow(2, -1 / EVENTS);

export const interArrivalMeanLog: Feature = {
  name: 'inter_arrival_mean_20n_log',
  unit: 'ln(1 + ms)',
  doc: {
    what: 'Mean of `inter_arrival_log` over events, half-life 20 events; it begins at 0 and reaches its level within some 60.',
    formula: '(1 − 2^(−1/20)) · Σ ln(1 + milliseconds between events) · 2^(−k/20), k events ago',
    source: 'Engle & Russell, Autoregressive Conditional Duration (1998)',
  },
  width: 1,
  create: () => ({
    update(state, at, event) {
      const x = event.seconds > 0 ? log(1 + 1e3 * event.seconds) : 0;
      return (state[at] = x + KEEP * (state[at]! - x));
    },
  }),
};
