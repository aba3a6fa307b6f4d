import type { Feature } from './feature.ts';

/** Features of trades and of the pace of events. Bars are no trades: they count for the pace only. */

const { LN2, log } = Math;

/** A decayed sum of sizes below this has nothing in it that matters, and hardly a digit left. */
export const NOTHING = 1e-290;

function flow(halfLife: number): Feature {
  return {
    name: `flow_${halfLife}s`,
    unit: 'ratio in [-1, 1]',
    doc: {
      what: `Buying minus selling pressure of aggressors, half-life ${halfLife} s; 0 without trades. It holds its value while none come.`,
      formula: `Σ side · size · 2^(−age/${halfLife} s) / Σ size · 2^(−age/${halfLife} s), side: +1 buy, −1 sell, 0 unknown; 0 once the lower sum is below 1e-290`,
      source: 'Chordia, Roll & Subrahmanyam, Order Imbalance, Liquidity, and Market Returns (2002)',
    },
    width: 2,
    create(env) {
      const decay = env.decay(halfLife);
      return {
        update(state, at, event) {
          const d = event.decays[decay]!;
          const signed = state[at]! * d + event.side * event.tradeSize;
          const total = state[at + 1]! * d + event.tradeSize;
          state[at] = signed;
          state[at + 1] = total;
          return total > NOTHING ? signed / total : 0;
        },
      };
    },
  };
}

export const flow1s = flow(1);
export const flow10s = flow(10);
export const flow60s = flow(60);

export const tradeIntensity10s: Feature = {
  name: 'trade_intensity_10s',
  unit: 'trades/s',
  doc: {
    what: 'Trades a second, half-life 10 s.',
    formula: '(ln 2 / 10 s) · Σ 2^(−age/10 s) over trades',
    source: 'Hawkes, Spectra of Some Self-Exciting and Mutually Exciting Point Processes (1971): exponential kernel',
  },
  width: 1,
  create(env) {
    const halfLife = 10;
    const decay = env.decay(halfLife);
    const scale = LN2 / halfLife;
    return {
      update(state, at, event) {
        const count = state[at]! * event.decays[decay]! + event.trade;
        state[at] = count;
        return scale * count;
      },
    };
  },
};

export const interArrivalLog: Feature = {
  name: 'inter_arrival_log',
  unit: 'ln(1 + ms)',
  doc: {
    what: 'Time since the previous event of the instrument; 0 for the first one and for one out of order.',
    formula: 'ln(1 + milliseconds since the newest event before)',
    source: 'Engle & Russell, Autoregressive Conditional Duration (1998)',
  },
  width: 0,
  create: () => ({ update: (_state, _at, event) => (event.seconds > 0 ? log(1 + 1e3 * event.seconds) : 0) }),
};
