import type { Feature } from './feature.ts';

/** Features of the reference price whose memory is counted in events, not in seconds. */

const { pow, sqrt } = Math;
const BPS = 1e4;
const RISKMETRICS = 'J.P. Morgan, RiskMetrics Technical Document (1996), 5.2: exponential weights';

function decayedReturn(events: number): Feature {
  const keep = pow(2, -1 / events);
  return {
    name: `return_${events}n_bps`,
    unit: 'bps',
    doc: {
      what: `Return over the last events, forgotten with a half-life of ${events} events.`,
      formula: `Σ r · 2^(−k/${events}), r in bps, k events ago; equal to 1e4 · (ln p − m), m = mean of ln p over events, weighted alike`,
      source: RISKMETRICS,
    },
    width: 1,
    create: () => ({
      update: (state, at, event) =>
        (state[at] = state[at]! * keep + BPS * (event.logPrice - event.previousLogPrice)),
    }),
  };
}

export const return5n = decayedReturn(5);
export const return50n = decayedReturn(50);

const VOLATILITY_EVENTS = 50;
const KEEP_50 = pow(2, -1 / VOLATILITY_EVENTS);
const SCALE_50 = VOLATILITY_EVENTS * (1 - KEEP_50);

export const volatility50n: Feature = {
  name: 'volatility_50n_bps',
  unit: 'bps',
  doc: {
    what: 'Realised volatility of half-life 50 events, as the move to expect in 50 events.',
    formula: '√(50 · (1 − 2^(−1/50)) · Σ r² · 2^(−k/50)), r in bps, k events ago',
    source: RISKMETRICS,
  },
  width: 1,
  create: () => ({
    update(state, at, event) {
      const r = BPS * (event.logPrice - event.previousLogPrice);
      return sqrt(SCALE_50 * (state[at] = state[at]! * KEEP_50 + r * r));
    },
  }),
};

const WILDER = 13 / 14;
/** Two mids of one price differ by rounding: a millionth of a basis point is no move. */
const MOVE = 1e-10;

export const rsi14: Feature = {
  name: 'rsi_14',
  unit: '0 to 100',
  doc: {
    what: "Relative strength index with Wilder's smoothing of 14 periods, a period being a move of the price by more than 1e-6 bps; 50 before the first one.",
    formula: '100 · U / (U + D); U, D = Σ rise, fall · (13/14)^k, as log returns, k moves ago. The common factor of the smoothing cancels, so no seed is needed',
    source: 'Wilder, New Concepts in Technical Trading Systems (1978)',
  },
  width: 2,
  create: () => ({
    update(state, at, event) {
      const r = event.logPrice - event.previousLogPrice;
      if (r > MOVE || r < -MOVE) {
        state[at] = state[at]! * WILDER + (r > 0 ? r : 0);
        state[at + 1] = state[at + 1]! * WILDER + (r < 0 ? -r : 0);
      }
      const moved = state[at]! + state[at + 1]!;
      return moved > 0 ? (100 * state[at]!) / moved : 50;
    },
  }),
};

const LINDLEY = 'Lindley, The Theory of Queues with a Single Server (1952): the recursion; Magdon-Ismail & Atiya, Maximum Drawdown (2004)';

export const belowHigh60s: Feature = {
  name: 'below_high_60s_bps',
  unit: 'bps',
  doc: {
    what: 'How far the price stands below its recent high, forgotten with a half-life of 60 s: the deepest decayed fall up to now.',
    formula: 'max(0, max over j of −Σ r · 2^(−age/60 s) over the returns from the j-th on), r in bps',
    source: LINDLEY,
  },
  width: 1,
  create(env) {
    const decay = env.decay(60);
    return {
      update(state, at, event) {
        const depth = state[at]! * event.decays[decay]! - BPS * (event.logPrice - event.previousLogPrice);
        return (state[at] = depth > 0 ? depth : 0);
      },
    };
  },
};

export const aboveLow60s: Feature = {
  name: 'above_low_60s_bps',
  unit: 'bps',
  doc: {
    what: 'How far the price stands above its recent low, forgotten with a half-life of 60 s; with `below_high_60s_bps`, the range.',
    formula: 'max(0, max over j of Σ r · 2^(−age/60 s) over the returns from the j-th on), r in bps',
    source: LINDLEY,
  },
  width: 1,
  create(env) {
    const decay = env.decay(60);
    return {
      update(state, at, event) {
        const height = state[at]! * event.decays[decay]! + BPS * (event.logPrice - event.previousLogPrice);
        return (state[at] = height > 0 ? height : 0);
      },
    };
  },
};
