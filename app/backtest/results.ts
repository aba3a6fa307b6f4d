/** Reads what a run wrote, once, and sums it up: metrics, intervals, counts and digests. */
import { BlockMeans, ClassificationMetrics, type MeanInterval } from '#models';
import {
  Evaluation,
  SnapshotManifest,
  decodeFeatures,
  decodeJson,
  decodeOutcomes,
  decodePredictions,
  identityOf,
  type Outcome,
  type Prediction,
  type CalibrationBin,
  type TopicLayout,
  type TopicName,
} from '#proto';
import type { Queue, QueueRecord } from '#queue';

import type { Breakdown } from '../report/breakdown.ts';
import { ResultDigest } from './digest.ts';

export interface TopicResult {
  readonly rows: number;
  /**
   * Rows written more than once, which count once here: 0 but for crashes with `delivery: idempotent`. Rows that are not there: 0
   * unless something is broken.
   */
  readonly repeats: number;
  readonly missing: number;
  readonly sha256: string;
}

export interface ModelResult {
  readonly model: string;
  readonly baseline: boolean;
  readonly predictions: number;
  readonly abstained: number;
  readonly outcomes: number;
  readonly expired: number;
  /** Predictions whose label had not fallen due at the end. */
  readonly open: number;
  readonly logLoss: number;
  readonly accuracy: number;
  readonly brier: number;
  readonly calibrationError: number;
  /** Row-major counts, label by predicted class. */
  readonly confusion: readonly number[];
  /** Ten equal bins of the top class's probability. */
  readonly calibration: readonly CalibrationBin[];
  /** Log loss minus that of the best baseline on the same predictions, and its 95 % interval. Null for that baseline. */
  readonly versusBaseline: MeanInterval | null;
  /** Learning steps. */
  readonly version: number;
  readonly weightsSha256: string;
}

export interface RunResults {
  readonly baseline: string | null;
  readonly models: readonly ModelResult[];
  readonly features: TopicResult;
  readonly predictions: TopicResult;
  readonly outcomes: TopicResult;
  readonly evaluations: TopicResult;
  /** sha256 over the weights of all models, by name and shard. */
  readonly weightsSha256: string;
  readonly deadLetters: Readonly<Record<string, number>>;
}

/** Blocks of an interval are this many horizons long: see BlockMeans. */
export const BLOCK_HORIZONS = 2;

interface Tally {
  predictions: number;
  abstained: number;
  readonly metrics: ClassificationMetrics;
  /** Log loss by prediction ordinal, of each shard. */
  readonly losses: Map<string, Float64Array>;
}

export async function readResults(options: {
  readonly queue: Queue;
  readonly layout: TopicLayout;
  readonly horizonUs: number;
  readonly classes: number;
  readonly baselines: readonly string[];
  readonly models: readonly string[];
  /** Given every prediction and outcome as well. */
  readonly breakdown?: Breakdown | undefined;
}): Promise<RunResults> {
  const { queue, layout, horizonUs, classes, baselines, models, breakdown } = options;
  const records = (topic: TopicName): AsyncGenerator<QueueRecord> => recordsOf(queue, layout.name(topic));
  const tallies = new Map(
    models.map((model): [string, Tally] => [model, { predictions: 0, abstained: 0, metrics: new ClassificationMetrics(classes), losses: new Map() }]),
  );

  const features = new ResultDigest();
  for await (const record of records('features')) {
    const rows = decodeFeatures(record);
    const { values, names } = rows;
    for (let i = 0; i < rows.length; i++) {
      const row = values.subarray(i * names.length, (i + 1) * names.length);
      const instrument = rows.instruments[rows.instrument[i]!];
      features.add(rows.task, rows.ordinal + i, [instrument, rows.eventTime[i], rows.receiptTime[i], rows.price[i], rows.warm[i], ...row]);
    }
  }

  const predictions = new ResultDigest();
  for await (const record of records('predictions')) {
    for (const prediction of decodePredictions(record)) {
      if (!predictions.add(prediction.task, prediction.ordinal, canonicalPrediction(prediction))) continue;
      breakdown?.prediction(prediction);
      const counts = tallies.get(prediction.model);
      if (!counts) continue;
      counts.predictions += 1;
      if (prediction.abstained !== '') counts.abstained += 1;
    }
  }

  const outcomes = new ResultDigest();
  const times = new Map<string, Float64Array>();
  for await (const record of records('outcomes')) {
    for (const outcome of decodeOutcomes(record)) {
      if (!outcomes.add(outcome.task, outcome.ordinal, canonicalOutcome(outcome))) continue;
      breakdown?.outcome(outcome);
      const counts = tallies.get(outcome.model);
      if (counts) addOutcome(counts, outcome, times);
    }
  }

  const evaluations = new ResultDigest();
  for await (const record of records('evaluations')) {
    if (record.value === null) continue;
    const evaluation = decodeJson(record.value, Evaluation);
    evaluations.add(evaluation.task, evaluation.ordinal, [JSON.stringify(evaluation)]);
  }

  const deadLetters: Record<string, number> = {};
  const letters = new Set<string>();
  for await (const { headers } of records('dead-letters')) {
    const identity = identityOf(headers);
    if (identity) {
      const name = `${identity.task} ${identity.ordinal}`;
      if (letters.has(name)) continue;
      letters.add(name);
    }
    const code = headers['code'] ?? 'UNKNOWN';
    deadLetters[code] = (deadLetters[code] ?? 0) + 1;
  }

  const weights = await finalWeights(queue, layout);
  const scored = models.filter((model) => tallies.get(model)!.metrics.outcomes > 0);
  const meanLoss = (model: string): number => tallies.get(model)!.metrics.values().logLoss;
  const baseline = scored.filter((model) => baselines.includes(model)).sort((a, b) => meanLoss(a) - meanLoss(b))[0] ?? null;
  return {
    baseline,
    models: models.map((model) => {
      const counts = tallies.get(model)!;
      const versus = baseline === null || model === baseline ? null : difference(counts, tallies.get(baseline)!, times, horizonUs);
      return { model, baseline: baselines.includes(model), ...summary(counts), versusBaseline: versus, ...weights.of(model) };
    }),
    features: features.result(),
    predictions: predictions.result(),
    outcomes: outcomes.result(),
    evaluations: evaluations.result(),
    weightsSha256: weights.sha256,
    deadLetters,
  };
}

async function* recordsOf(queue: Queue, topic: string): AsyncGenerator<QueueRecord> {
  for await (const batch of queue.read({ topic, from: 'earliest', toEnd: true })) yield* batch.records;
}

function canonicalPrediction(p: Prediction): unknown[] {
  return [p.model, p.version, p.featureSet, p.instrument, p.rowTask, p.rowOrdinal, p.eventTimeUs, p.dueTimeUs, p.price, p.probabilities, p.abstained];
}

function canonicalOutcome(o: Outcome): unknown[] {
  return [o.model, o.version, o.instrument, o.predictionOrdinal, o.eventTimeUs, o.dueTimeUs, o.label, o.returnBps, o.logLoss, o.probabilities];
}

/** Shard of a task name: models of one shard predict the same rows under the same ordinals. */
function shardOf(task: string): string {
  return task.slice(task.lastIndexOf('/') + 1);
}

function addOutcome({ metrics, losses }: Tally, outcome: Outcome, times: Map<string, Float64Array>): void {
  const { task, expired, probabilities, label, logLoss, predictionOrdinal, dueTimeUs } = outcome;
  if (expired) {
    metrics.expire();
    return;
  }
  metrics.add(Float64Array.from(probabilities), 0, label);
  const shard = shardOf(task);
  put(losses, shard, predictionOrdinal, logLoss);
  put(times, shard, predictionOrdinal, dueTimeUs);
}

/** `map[shard][index] = value` in an array that grows; NaN where nothing was put. */
function put(map: Map<string, Float64Array>, shard: string, index: number, value: number): void {
  let values = map.get(shard) ?? new Float64Array(0);
  if (index >= values.length) {
    const wider = new Float64Array(Math.max(index + 1, 1024, values.length * 2)).fill(Number.NaN);
    wider.set(values);
    values = wider;
    map.set(shard, values);
  }
  values[index] = value;
}

function difference(own: Tally, other: Tally, times: ReadonlyMap<string, Float64Array>, horizonUs: number): MeanInterval {
  const means = new BlockMeans(BLOCK_HORIZONS * horizonUs);
  for (const [shard, losses] of own.losses) {
    const reference = other.losses.get(shard);
    const due = times.get(shard)!;
    if (!reference) continue;
    for (let i = 0; i < Math.min(losses.length, reference.length); i++) {
      const gap = losses[i]! - reference[i]!;
      if (!Number.isNaN(gap)) means.add(due[i]!, gap);
    }
  }
  return means.interval();
}

function summary({ predictions, abstained, metrics }: Tally) {
  const { outcomes, expired, ...values } = metrics.values();
  const open = predictions - abstained - outcomes - expired;
  return { ...values, predictions, abstained, outcomes, expired, open };
}

/** Newest manifest of every model and shard. */
async function finalWeights(queue: Queue, layout: TopicLayout) {
  const newest = new Map<string, SnapshotManifest>();
  for await (const { key, value } of recordsOf(queue, layout.name('models'))) {
    if (key === null || value === null || !Buffer.from(key).toString().endsWith('/manifest')) continue;
    const manifest = decodeJson(value, SnapshotManifest);
    newest.set(`${manifest.model}/${manifest.shard}`, manifest);
  }
  const digest = (manifests: readonly SnapshotManifest[]): string => {
    const all = new ResultDigest();
    manifests.forEach((manifest, i) => {
      all.add('weights', i, [manifest.model, manifest.shard, manifest.version, manifest.weightsSha256]);
    });
    return all.result().sha256;
  };
  const sorted = [...newest].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, manifest]) => manifest);
  return {
    sha256: digest(sorted),
    of: (model: string) => {
      const own = sorted.filter((manifest) => manifest.model === model);
      return {
        version: Math.max(0, ...own.map(({ version }) => version)),
        weightsSha256: own.length === 1 ? own[0]!.weightsSha256 : digest(own),
      };
    },
  };
}
