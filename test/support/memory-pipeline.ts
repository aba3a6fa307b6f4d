/** Events → merge → fold → features as bytes → trainer → predictions, all in memory: the workers' parts without a queue. */
import { FeatureEngine, defaultFeatures } from '#features';
import { FeatureFold, Merge, Trainer, postInput, tickInput, type FeatureInput } from '#processing';
import {
  CONTENT_ARROW,
  CONTENT_JSON,
  SCHEMA,
  decodeFeatures,
  encodePostJson,
  encodeTicksArrow,
  headersOf,
  ticksOf,
  topicLayout,
  watermarkJson,
  type FeatureRows,
  type Post,
  type TickRow,
} from '#proto';
import type { QueueRecord } from '#queue';

export interface Events {
  readonly ticks: readonly TickRow[];
  readonly posts: readonly Post[];
}

/** One line a row: all of the row, and all of its prediction. */
export interface Lines {
  readonly rows: string[];
  readonly predictions: string[];
}

const RECORD_ROWS = 512;
const HORIZON_US = 1_000_000;

/** @param rewrite what a cheating feature would do to rows before they are predicted */
export function runInMemory(events: Events, rewrite: (rows: FeatureRows) => FeatureRows = (rows) => rows): Lines {
  const lines: Lines = { rows: [], predictions: [] };
  const trainer = new Trainer({
    task: 'training/softmax/0',
    spec: { name: 'softmax', kind: 'softmax', batch: 8, learningRate: 0.01, decaySteps: 0, l2: 1e-4 },
    featureSet: defaultFeatures.id,
    width: defaultFeatures.names.length,
    target: { horizonUs: HORIZON_US, deadBandBps: 0.1, classes: 3, toleranceUs: 10_000_000 },
    evaluateEvery: 500,
  });
  featureRecords(events).forEach((rows, offset) => {
    const given = rewrite(rows);
    addRows(given, lines.rows);
    const { predictions } = trainer.process(given, offset);
    const { length, ordinal, version, price, abstained, probabilities } = predictions;
    const classes = 3;
    for (let i = 0; i < length; i++) {
      const p = probabilities.subarray(i * classes, (i + 1) * classes);
      lines.predictions.push([ordinal[i], version[i], price[i], abstained[i], ...p].join());
    }
  });
  return lines;
}

function addRows({ length, names, instrument, instruments, eventTime, receiptTime, price, bid, ask, warm, values }: FeatureRows, into: string[]): void {
  const width = names.length;
  for (let i = 0; i < length; i++) {
    const own = values.subarray(i * width, (i + 1) * width);
    into.push([instruments[instrument[i]!], eventTime[i], receiptTime[i], price[i], bid[i], ask[i], warm[i], ...own].join());
  }
}

function featureRecords({ ticks, posts }: Events): FeatureRows[] {
  const merge = new Merge<FeatureInput>([{ offset: 0, row: 0, clock: 0 }, { offset: 0, row: 0, clock: 0 }]);
  const end = Math.max(...ticks.map(({ receiptTime }) => receiptTime), ...posts.map(({ receiptTimeUs }) => receiptTimeUs)) + 1;
  const arrow = headersOf(CONTENT_ARROW, SCHEMA.tick);
  let offset = 0;
  const push = (log: number, value: Uint8Array | string, headers: Readonly<Record<string, string>>): void => {
    const record: QueueRecord = { topic: `log-${log}`, partition: 0, offset: offset++, timestamp: 0, key: null, value: Buffer.from(value), headers };
    merge.push(log, log === 0 ? tickInput(record, 60e6) : postInput(record));
  };
  for (let from = 0; from < ticks.length; from += RECORD_ROWS) {
    push(0, encodeTicksArrow(ticksOf('test', ticks.slice(from, from + RECORD_ROWS)), null), arrow);
  }
  for (const post of posts) push(1, encodePostJson(post), headersOf(CONTENT_JSON, SCHEMA.post));
  push(0, watermarkJson('test', end), headersOf(CONTENT_JSON, SCHEMA.tick));
  push(1, watermarkJson('test', end), headersOf(CONTENT_JSON, SCHEMA.post));

  const none = { rows: 0, deadLetters: 0 };
  const fold = new FeatureFold(new FeatureEngine(defaultFeatures), { ...none }, none, {
    layout: topicLayout({ prefix: 'test', inputs: 1, shards: 1 }),
    partition: 0,
    task: 'features/0',
    featureSet: defaultFeatures.id,
    names: defaultFeatures.names,
    batchRows: RECORD_ROWS,
    maxLatenessUs: 60e6,
    maxFutureUs: 1e6,
    onDeadLetter: () => undefined,
  });
  merge.drain(Number.POSITIVE_INFINITY, (_log, input, row) => { fold.fold(input, row); });
  return fold
    .take()
    .filter(({ topic }) => topic.includes('features'))
    .map(({ value, headers = {} }) => decodeFeatures({ value: Buffer.from(value!), headers }));
}
