/**
 * The trainer by its definition, over a whole series at once: slow and obvious, and of the trainer's code it uses nothing.
 * Only the model itself is shared.
 *
 * A row's clock is the newest event time of its source so far. A prediction is due one horizon after its row's clock.
 * It is settled at the first later row of its source whose clock lies beyond the due time, just before that row's price
 * counts, with the price its instrument shows then.
 */
import type { Model } from '#models';

export interface Row {
  readonly source: string;
  readonly ordinal: number;
  readonly instrument: string;
  readonly eventTime: number;
  readonly price: number;
  readonly warm: number;
  readonly values: readonly number[];
}

export interface ReferenceOptions {
  readonly horizonUs: number;
  readonly toleranceUs: number;
  readonly deadBandBps: number;
  readonly classes: 2 | 3;
  readonly batch: number;
  readonly evaluateEvery: number;
}

export interface ReferencePrediction {
  readonly ordinal: number;
  readonly rowOrdinal: number;
  readonly instrument: string;
  readonly eventTime: number;
  readonly due: number;
  readonly price: number;
  readonly version: number;
  readonly abstained: string;
  readonly probabilities: readonly number[];
}

export interface ReferenceOutcome {
  readonly ordinal: number;
  readonly predictionOrdinal: number;
  readonly instrument: string;
  readonly due: number;
  readonly version: number;
  readonly label: number;
  readonly returnBps: number;
  readonly logLoss: number;
}

export interface ReferenceEvaluation {
  readonly ordinal: number;
  readonly scope: string;
  readonly outcomes: number;
  readonly expired: number;
  readonly abstained: number;
  readonly logLoss: number;
  readonly accuracy: number;
  readonly fromTimeUs: number;
  readonly toTimeUs: number;
}

/** Newest event time of the source of row `i`, up to and with it. */
function clockAt(rows: readonly Row[], i: number): number {
  return Math.max(...rows.slice(0, i + 1).filter((row) => row.source === rows[i]!.source).map((row) => row.eventTime));
}

/** Newest known price of an instrument before row `i`, and the clock at which it was seen. */
function priceBefore(rows: readonly Row[], instrument: string, i: number): { price: number; seen: number } {
  for (let k = i - 1; k >= 0; k--) {
    if (rows[k]!.instrument === instrument && rows[k]!.price > 0) return { price: rows[k]!.price, seen: clockAt(rows, k) };
  }
  throw new Error('a prediction was made without a price');
}

function labelOf(returnBps: number, { classes, deadBandBps }: ReferenceOptions): number {
  if (classes === 2) return returnBps > 0 ? 1 : 0;
  return Math.abs(returnBps) <= deadBandBps ? 1 : returnBps > 0 ? 2 : 0;
}

interface Scored {
  readonly label: number;
  readonly due: number;
  readonly loss: number;
  readonly hit: boolean;
}

function evaluation(ordinal: number, scope: string, scored: readonly Scored[], abstained: number): ReferenceEvaluation {
  const known = scored.filter(({ label }) => label >= 0);
  const n = Math.max(1, known.length);
  return {
    ordinal,
    scope,
    outcomes: known.length,
    expired: scored.length - known.length,
    abstained,
    logLoss: known.reduce((sum, { loss }) => sum + loss, 0) / n,
    accuracy: known.filter(({ hit }) => hit).length / n,
    fromTimeUs: scored[0]!.due,
    toTimeUs: scored.at(-1)!.due,
  };
}

export function referenceTrainer(rows: readonly Row[], model: Model, options: ReferenceOptions): {
  predictions: ReferencePrediction[];
  outcomes: ReferenceOutcome[];
  evaluations: ReferenceEvaluation[];
} {
  const predictions: ReferencePrediction[] = [];
  const outcomes: ReferenceOutcome[] = [];
  const evaluations: ReferenceEvaluation[] = [];
  const open = new Set<number>();
  const scored: Scored[] = [];
  let batch: { row: Row; label: number; probabilities: readonly number[] }[] = [];
  const ids: string[] = [];
  let [abstained, windowAbstained, windowFrom] = [0, 0, 0];

  const settle = (p: ReferencePrediction, at: number): void => {
    open.delete(p.ordinal);
    const { price, seen } = priceBefore(rows, p.instrument, at);
    const expired = clockAt(rows, at) - p.due > options.toleranceUs || p.due - seen > options.toleranceUs;
    const returnBps = expired ? 0 : Math.log(price / p.price) * 1e4;
    const label = expired ? -1 : labelOf(returnBps, options);
    const logLoss = expired ? 0 : -Math.log(p.probabilities[label]!);
    outcomes.push({ ordinal: outcomes.length, predictionOrdinal: p.ordinal, instrument: p.instrument, due: p.due, version: p.version, label, returnBps, logLoss });
    scored.push({ label, due: p.due, loss: logLoss, hit: label >= 0 && p.probabilities.indexOf(Math.max(...p.probabilities)) === label });
    if (!expired) {
      batch.push({ row: rows[p.ordinal]!, label, probabilities: p.probabilities });
      if (batch.length === options.batch) {
        model.learn({
          length: batch.length,
          features: Float32Array.from(batch.flatMap(({ row }) => row.values)),
          instruments: Int32Array.from(batch, ({ row }) => ids.indexOf(row.instrument)),
          labels: Uint8Array.from(batch, (each) => each.label),
          predicted: Float64Array.from(batch.flatMap((each) => each.probabilities)),
        });
        batch = [];
      }
    }
    if (outcomes.length % options.evaluateEvery === 0) {
      evaluations.push(evaluation(evaluations.length, 'window', scored.slice(windowFrom), windowAbstained));
      evaluations.push(evaluation(evaluations.length, 'total', scored, abstained));
      windowFrom = scored.length;
      windowAbstained = 0;
    }
  };

  rows.forEach((row, i) => {
    const clock = clockAt(rows, i);
    if (!ids.includes(row.instrument)) ids.push(row.instrument);
    for (const ordinal of [...open]) {
      const p = predictions[ordinal]!;
      if (rows[ordinal]!.source === row.source && p.due < clock) settle(p, i);
    }
    const predicts = row.warm === 1 && row.price > 0;
    const probabilities = new Float64Array(options.classes);
    if (predicts) model.predictRow(Float32Array.from(row.values), 0, ids.indexOf(row.instrument), probabilities, 0);
    predictions.push({
      ordinal: i,
      rowOrdinal: row.ordinal,
      instrument: row.instrument,
      eventTime: row.eventTime,
      due: clock + options.horizonUs,
      price: row.price,
      version: model.step,
      abstained: predicts ? '' : 'NOT_WARM',
      probabilities: Array.from(probabilities),
    });
    if (predicts) open.add(i);
    else {
      abstained += 1;
      windowAbstained += 1;
    }
  });
  return { predictions, outcomes, evaluations };
}
