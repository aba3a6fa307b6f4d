/** What the golden samples say. Plain values, so that a change of a codec cannot change them too. */
import { TickKind, ticksOf, type FeatureRows, type OutcomeColumns, type PredictionColumns, type TickColumns, type TickRow } from '#proto';

export const T = 1_742_860_800_123_456;

export const QUOTE: TickRow = { instrument: 'golden:BTC-USDT', kind: TickKind.QUOTE, eventTime: T, receiptTime: T + 250, sequence: 9_007_199_254_740_991, bid: 87_012.34, bidSize: 0.5, ask: 87_012.35, askSize: 0 };
export const TRADE: TickRow = { instrument: 'golden:ÅÉ-日本', kind: TickKind.TRADE, eventTime: T + 1, receiptTime: T + 251, sequence: 42, price: 0.1, size: 1e-8, side: -1 };
export const BAR: TickRow = { instrument: 'golden:SPY', kind: TickKind.BAR, eventTime: T + 2, receiptTime: T + 252, price: 510.25, size: 1_000_000, open: 509, high: 511.5, low: 508.125, interval: 60_000_000 };
export const WATERMARK: TickRow = { instrument: '', kind: TickKind.WATERMARK, eventTime: 0, receiptTime: T + 253 };

export const ticks = (...rows: TickRow[]): TickColumns => ticksOf('golden', rows);

export const POST = {
  instrument: 'golden:AAPL',
  source: 'golden',
  eventTimeUs: T,
  receiptTimeUs: T + 5,
  postId: '418157151946035200',
  author: 'c0ffee',
  text: '“$AAPL” to the 🌕\nsecond line',
  language: 'en',
  synthetic: true,
};

export const FEATURES: FeatureRows = {
  length: 3,
  featureSet: 'golden@1',
  names: ['return_bps', 'spread_bps'],
  task: 'features/0',
  ordinal: 1000,
  instruments: ['golden:A', 'golden:B'],
  instrument: Int32Array.of(0, 1, 0),
  eventTime: Float64Array.of(T, T + 1, T + 1),
  receiptTime: Float64Array.of(T + 2, T + 3, T + 4),
  price: Float64Array.of(100.5, 0, 0.1),
  bid: Float64Array.of(100, 0, 0.1),
  ask: Float64Array.of(101, 0, 0.1),
  warm: Uint8Array.of(1, 0, 1),
  values: Float32Array.of(0.1, -2.5, 0, 1e6, -1e6, 1e-30),
};

export const PREDICTIONS: PredictionColumns = {
  length: 2,
  task: 'training/softmax/0',
  model: 'softmax',
  featureSet: 'golden@1',
  rowTask: 'features/0',
  classes: 3,
  instruments: ['golden:A', 'golden:B'],
  instrument: Int32Array.of(0, 1),
  ordinal: Float64Array.of(7, 8),
  version: Float64Array.of(3, 4),
  rowOrdinal: Float64Array.of(1000, 1001),
  eventTime: Float64Array.of(T, T + 1),
  dueTime: Float64Array.of(T + 5e6, T + 5e6 + 1),
  price: Float64Array.of(100.5, 0),
  probabilities: Float64Array.of(0.1, 0.2, 0.7, 0, 0, 0),
  abstained: Uint8Array.of(0, 1),
};

const PREDICTION = { task: 'training/softmax/0', model: 'softmax', featureSet: 'golden@1', rowTask: 'features/0' };
export const PREDICTION_MESSAGES = [
  { ...PREDICTION, ordinal: 7, version: 3, instrument: 'golden:A', rowOrdinal: 1000, eventTimeUs: T, dueTimeUs: T + 5e6, price: 100.5, probabilities: [0.1, 0.2, 0.7], abstained: '' },
  { ...PREDICTION, ordinal: 8, version: 4, instrument: 'golden:B', rowOrdinal: 1001, eventTimeUs: T + 1, dueTimeUs: T + 5e6 + 1, price: 0, probabilities: [], abstained: 'NOT_WARM' },
];

export const OUTCOMES: OutcomeColumns = {
  length: 2,
  task: 'training/softmax/0',
  model: 'softmax',
  classes: 3,
  instruments: ['golden:A', 'golden:B'],
  instrument: Int32Array.of(0, 1),
  ordinal: Float64Array.of(5, 6),
  predictionOrdinal: Float64Array.of(7, 9),
  version: Float64Array.of(3, 4),
  eventTime: Float64Array.of(T, T + 1),
  dueTime: Float64Array.of(T + 5e6, T + 5e6 + 1),
  label: Int8Array.of(2, -1),
  returnBps: Float64Array.of(1.25, 0),
  logLoss: Float64Array.of(0.35667494393873245, 0),
  probabilities: Float64Array.of(0.1, 0.2, 0.7, 0.25, 0.25, 0.5),
};

const OUTCOME = { task: 'training/softmax/0', model: 'softmax' };
export const OUTCOME_MESSAGES = [
  { ...OUTCOME, ordinal: 5, version: 3, instrument: 'golden:A', predictionOrdinal: 7, eventTimeUs: T, dueTimeUs: T + 5e6, label: 2, returnBps: 1.25, logLoss: 0.35667494393873245, probabilities: [0.1, 0.2, 0.7], expired: false },
  { ...OUTCOME, ordinal: 6, version: 4, instrument: 'golden:B', predictionOrdinal: 9, eventTimeUs: T + 1, dueTimeUs: T + 5e6 + 1, label: -1, returnBps: 0, logLoss: 0, probabilities: [0.25, 0.25, 0.5], expired: true },
];

export const EVALUATION = {
  task: 'training/softmax/0', ordinal: 1, model: 'softmax', scope: 'total', fromTimeUs: T, toTimeUs: T + 9, outcomes: 4, expired: 1, abstained: 2,
  logLoss: 0.75, accuracy: 0.5, brier: 0.4, calibrationError: 0.05, confusion: [1, 0, 0, 1, 1, 0, 0, 1, 0],
  calibration: [{ count: 4, sumProbability: 2.25, hits: 2 }],
};

export const MANIFEST = {
  model: 'softmax', shard: 1, version: 31, featureSet: 'golden@1', features: ['return_bps', 'spread_bps'],
  target: { horizonUs: 5_000_000, deadBandBps: 0.5, classes: ['down', 'flat', 'up'] },
  chunks: 2, bytes: 600_000, sha256: 'ab'.repeat(32), offset: 12, rereadOffset: 9, rows: 1000, outcomes: 900, evaluations: 2, eventTimeUs: T, weightsSha256: 'cd'.repeat(32),
};

export const SNAPSHOT = {
  sections: {
    model: {
      document: '{"kind":"softmax","step":31}',
      tensors: [{ name: 'weights', dtype: 'float64', shape: [2], data: Buffer.from(new Uint8Array(Float64Array.of(0.5, -1.25).buffer)) }],
    },
    about: { document: '{"classes":["down","flat","up"]}', tensors: [] },
  },
};

export const STATE = {
  alias: { alias: 'champion', champion: 'softmax', challengers: ['prior', 'persistence'], changedTimeUs: T },
  promotion: { alias: 'champion', from: 'prior', to: 'softmax', actor: 'cli:ada', reason: 'lower log loss', timeUs: T },
  subscription: { source: 'binance', instrument: 'binance:BTC-USDT', symbol: 'BTC-USDT', sinceUs: T },
  cursor: { source: 'binance', position: '{"line":7}', published: 12, rows: 100, row: 8, lap: 2, finished: false, shiftUs: -1_000_000, receiptTimeUs: T, nextWatermarkUs: T + 250_000 },
  checkpoint: { task: 'features/0', featureSet: 'golden@1', offsets: { 'foretick.quotes.v1': 12, 'foretick.posts.v1': 3 }, rows: { 'foretick.quotes.v1': 7 }, clocks: { 'foretick.quotes.v1': T }, ordinal: 1003, deadLetters: 2 },
  seen: { next: { 'foretick.quotes.v1 source/binance': 512, 'foretick.posts.v1 source/binance@12': 40 } },
  ordinals: { since: 12, ticks: [512, 0, 99], posts: [0, 0, 40], deadLetters: { 'quotes.csv': 1 } },
  state: { instrument: 'golden:A', state: Buffer.from(new Uint8Array(Float64Array.of(1, -2.5, T).buffer)) },
  instrumentCursor: { source: 'coinbase', instrument: 'coinbase:BTC-USD', position: '{"trade":7}', receiptTimeUs: T },
  gap: {
    rule: 'gap/coinbase',
    severity: 'warn',
    message: '3 trades of coinbase:BTC-USD missed, 1 of them fetched afterwards',
    timeUs: T,
    gap: { source: 'coinbase', instruments: ['coinbase:BTC-USD'], stream: 'trade', first: 5, last: 7, fromUs: T - 1_000_000, toUs: T, missed: 3, recovered: 1, cause: 'sequence' },
  },
  alert: { rule: 'staleness', severity: 'warn', message: 'golden:A is silent', timeUs: T },
};
