/**
 * Two features of one's own. Try them: `foretick check features examples/features/reversal.js`.
 *
 * A file exports `features`: declarations, or a function that makes them and is given `exactWindow`. Nothing need be
 * imported. Export a `version` and raise it with every change; without one the file's digest is the version.
 *
 * @typedef {import('../../processing/features/index.ts').Feature} Feature
 * @typedef {import('../../processing/features/index.ts').FeatureKit} FeatureKit
 */

export const name = 'reversal';
export const version = 1;

const HALF_LIFE = 5;
/** A state must stay finite whatever valid tick comes: what goes into a sum has limits. */
const LIMIT = 1000;

/** @type {Feature} State: one float64 an instrument, at `state[at]`, 0 at first. */
const tradeBounce = {
  name: 'trade_bounce_5s_bps',
  unit: 'bps',
  doc: {
    what: 'How far trades were paid above the mid, decayed with half-life 5 s: below 0 after a run of sales.',
    formula: 'Σ 1e4 · (price − mid) / mid · 2^(−age/5 s) over trades, each at most ±1000 bps',
    source: 'Roll, A Simple Implicit Measure of the Effective Bid-Ask Spread (1984): bounce between bid and ask',
  },
  width: 1,
  create(env) {
    // Features that ask for the same half-life share one exponential a tick.
    const decay = env.decay(HALF_LIFE);
    return {
      update(state, at, event) {
        const paid = event.trade === 1 && event.bid > 0 ? (1e4 * (event.tradePrice - event.price)) / event.price : 0;
        state[at] = state[at] * event.decays[decay] + Math.max(-LIMIT, Math.min(LIMIT, paid));
        return state[at];
      },
    };
  },
};

/** @param {FeatureKit} kit */
export const features = ({ exactWindow }) => [
  tradeBounce,
  exactWindow({
    name: 'below_high_1min_bps',
    unit: 'bps',
    doc: {
      what: 'How far the price stands below the highest one of the last minute, exactly.',
      formula: '1e4 · ln(max p / p) over 60 s, at most the newest 4096 events',
      source: 'Lane, Stochastics (1984)',
    },
    over: { seconds: 60, capacity: 4096 },
    aggregate: 'max',
    value: (event) => event.price,
    result: (high, event) => 1e4 * Math.log(high / event.price),
  }),
];
