import type { Feature } from './feature.ts';

/**
 * Features of the reference price alone. Means and variances weigh a price by how long it held
 * ("previous tick" interpolation), so a burst of equal quotes weighs nothing and equal times are no special case.
 */

const { LN2, sqrt } = Math;
const BPS = 1e4;
const ECKNER = 'Eckner, Algorithms for Unevenly Spaced Time Series: Moving Averages (2012), EMA with last-point interpolation';

export const returnBps: Feature = {
  name: 'return_bps',
  unit: 'bps',
  doc: {
    what: 'Log return of the reference price since the previous event; 0 when this event left the price alone.',
    formula: '1e4 · ln(p / p_previous)',
    source: 'Campbell, Lo & MacKinlay, The Econometrics of Financial Markets (1997), 1.4',
  },
  width: 0,
  create: () => ({
    update: (_state, _at, event) => BPS * (event.logPrice - event.previousLogPrice),
  }),
};

function reversion(halfLife: number): Feature {
  return {
    name: `reversion_${halfLife}s_bps`,
    unit: 'bps',
    doc: {
      what: `How far the price stands above its time-weighted (geometric) mean of half-life ${halfLife} s: the return of the last seconds, forgotten gradually.`,
      formula: `1e4 · (ln p − m), m = mean of ln p over time with weight 2^(−age/${halfLife} s); equal to Σ r · 2^(−age/${halfLife} s), r in bps`,
      source: ECKNER,
    },
    width: 1,
    create(env) {
      const decay = env.decay(halfLife);
      return {
        update(state, at, event) {
          const mean =
            event.firstPrice === 1
              ? event.logPrice
              : state[at]! + (1 - event.decays[decay]!) * (event.previousLogPrice - state[at]!);
          state[at] = mean;
          return BPS * (event.logPrice - mean);
        },
      };
    },
  };
}

export const reversion1s = reversion(1);
export const reversion10s = reversion(10);
export const reversion60s = reversion(60);
export const reversion10m = reversion(600);

function volatility(halfLife: number): Feature {
  return {
    name: `volatility_${halfLife}s_bps`,
    unit: 'bps',
    doc: {
      what: `Realised volatility of half-life ${halfLife} s, as the move to expect in ${halfLife} s.`,
      formula: `√(ln 2 · Σ r² · 2^(−age/${halfLife} s)), r in bps`,
      source: 'Andersen, Bollerslev, Diebold & Labys, Modeling and Forecasting Realized Volatility (2003); weights of RiskMetrics (1996)',
    },
    width: 1,
    create(env) {
      const decay = env.decay(halfLife);
      return {
        update(state, at, event) {
          const r = BPS * (event.logPrice - event.previousLogPrice);
          const sum = state[at]! * event.decays[decay]! + r * r;
          state[at] = sum;
          return sqrt(LN2 * sum);
        },
      };
    },
  };
}

export const volatility10s = volatility(10);
export const volatility60s = volatility(60);
export const volatility10m = volatility(600);

/** A hundredth of a basis point: deviations far below it are rounding, not market. */
const NOISE = 1e-6;

function zscore(halfLife: number): Feature {
  return {
    name: `zscore_${halfLife}s`,
    unit: 'standard deviations',
    doc: {
      what: `How unusual the price is against its time-weighted mean and variance of half-life ${halfLife} s.`,
      formula: `(ln p − m) / √(v + (0.01 bps)²); m, v = mean and variance of ln p over time with weight 2^(−age/${halfLife} s)`,
      source: 'West, Updating Mean and Variance Estimates (1979); Finch, Incremental Calculation of Weighted Mean and Variance (2009), 9',
    },
    width: 2,
    create(env) {
      const decay = env.decay(halfLife);
      return {
        update(state, at, event) {
          if (event.firstPrice === 1) {
            state[at] = event.logPrice;
            return 0;
          }
          const d = event.decays[decay]!;
          const delta = event.previousLogPrice - state[at]!;
          const step = (1 - d) * delta;
          const mean = state[at]! + step;
          const variance = d * (state[at + 1]! + step * delta);
          state[at] = mean;
          state[at + 1] = variance;
          return (event.logPrice - mean) / sqrt(variance + NOISE * NOISE);
        },
      };
    },
  };
}

export const zscore30s = zscore(30);
export const zscore5m = zscore(300);
