/** Random rows, cut into records, and what a trainer makes of them as plain values. */
import fc from 'fast-check';

import { ABSTENTIONS, type FeatureRows } from '#proto';
import type { Trainer, TrainerOptions, TrainerOutput } from '#processing';

import type { ReferenceEvaluation, ReferenceOutcome, ReferencePrediction, Row } from './reference.ts';

export const WIDTH = 2;
const SECOND = 1e6;
const START = 1_700_000_000_000_000;

interface Draw {
  readonly source: string;
  readonly instrument: string;
  readonly step: number;
  readonly move: number;
  readonly warm: number;
  readonly priced: boolean;
  readonly values: number[];
}

const draw: fc.Arbitrary<Draw> = fc.record({
  source: fc.constantFrom('features/0', 'features/0', 'features/1'),
  instrument: fc.constantFrom('x:A', 'x:B', 'x:C'),
  // Irregular, equal and backwards times; pauses longer than any tolerance.
  step: fc.oneof(
    { weight: 6, arbitrary: fc.integer({ min: 0, max: 2 * SECOND }) },
    { weight: 2, arbitrary: fc.constant(0) },
    { weight: 1, arbitrary: fc.integer({ min: -4 * SECOND, max: 0 }) },
    { weight: 1, arbitrary: fc.integer({ min: 5 * SECOND, max: 60 * SECOND }) },
  ),
  move: fc.oneof(fc.constant(0), fc.double({ min: -0.002, max: 0.002, noNaN: true })),
  warm: fc.constantFrom(1, 1, 1, 1, 0),
  priced: fc.constantFrom(true, true, true, true, true, false),
  values: fc.array(fc.float({ min: -100, max: 100, noNaN: true }), { minLength: WIDTH, maxLength: WIDTH }),
});

/** Instruments belong to the source their name says, as partitions have it. */
export function rowsOf(draws: readonly Draw[]): Row[] {
  const next = new Map<string, number>();
  const levels = new Map<string, number>();
  let time = START;
  return draws.map(({ source, instrument: name, step, move, warm, priced, values }) => {
    time += step;
    const instrument = `${name}${source.at(-1)!}`;
    const level = (levels.get(instrument) ?? 100) * (1 + move);
    levels.set(instrument, level);
    const ordinal = next.get(source) ?? 0;
    next.set(source, ordinal + 1);
    return { source, ordinal, instrument, eventTime: time, price: priced ? level : 0, warm, values };
  });
}

export const someRows = (max = 90): fc.Arbitrary<Row[]> => fc.array(draw, { minLength: 1, maxLength: max, size: 'max' }).map(rowsOf);

/** One features record of consecutive rows of one source. */
export function record(rows: readonly Row[], featureSet = 'test@1'): FeatureRows {
  const instruments = [...new Set(rows.map(({ instrument }) => instrument))];
  const f64 = (of: (row: Row) => number): Float64Array => Float64Array.from(rows, of);
  return {
    length: rows.length,
    featureSet,
    names: ['a', 'b'],
    task: rows[0]!.source,
    ordinal: rows[0]!.ordinal,
    instruments,
    instrument: Int32Array.from(rows, ({ instrument }) => instruments.indexOf(instrument)),
    eventTime: f64((row) => row.eventTime),
    receiptTime: f64((row) => row.eventTime),
    price: f64((row) => row.price),
    bid: f64(() => 0),
    ask: f64(() => 0),
    warm: Uint8Array.from(rows, ({ warm }) => warm),
    values: Float32Array.from(rows.flatMap(({ values }) => values)),
  };
}

/** Records of at most `size(i)` rows, cut where the source changes. */
export function records(rows: readonly Row[], size: (i: number) => number = () => 1): FeatureRows[] {
  const cut: FeatureRows[] = [];
  let from = 0;
  while (from < rows.length) {
    let to = from + 1;
    while (to < rows.length && to - from < size(cut.length) && rows[to]!.source === rows[from]!.source) to += 1;
    cut.push(record(rows.slice(from, to)));
    from = to;
  }
  return cut;
}

export interface Result {
  readonly predictions: ReferencePrediction[];
  readonly outcomes: ReferenceOutcome[];
  readonly evaluations: ReferenceEvaluation[];
}

export const noResult = (): Result => ({ predictions: [], outcomes: [], evaluations: [] });

/** Columns are reused by the trainer: what is kept is copied. */
export function collect({ predictions: p, outcomes: o, evaluations }: TrainerOutput, into: Result): void {
  for (let i = 0; i < p.length; i++) {
    into.predictions.push({
      ordinal: p.ordinal[i]!,
      rowOrdinal: p.rowOrdinal[i]!,
      instrument: p.instruments[p.instrument[i]!]!,
      eventTime: p.eventTime[i]!,
      due: p.dueTime[i]!,
      price: p.price[i]!,
      version: p.version[i]!,
      abstained: ABSTENTIONS[p.abstained[i]!]!,
      probabilities: Array.from(p.probabilities.subarray(i * p.classes, (i + 1) * p.classes)),
    });
  }
  for (let i = 0; i < o.length; i++) {
    into.outcomes.push({
      ordinal: o.ordinal[i]!,
      predictionOrdinal: o.predictionOrdinal[i]!,
      instrument: o.instruments[o.instrument[i]!]!,
      due: o.dueTime[i]!,
      version: o.version[i]!,
      label: o.label[i]!,
      returnBps: o.returnBps[i]!,
      logLoss: o.logLoss[i]!,
    });
  }
  for (const { ordinal, scope, outcomes, expired, abstained, logLoss, accuracy, fromTimeUs, toTimeUs } of evaluations) {
    into.evaluations.push({ ordinal, scope, outcomes, expired, abstained, logLoss, accuracy, fromTimeUs, toTimeUs });
  }
}

export function run(trainer: Trainer, input: readonly FeatureRows[], from = 0, into = noResult()): Result {
  input.forEach((rows, i) => { collect(trainer.process(rows, from + i), into); });
  return into;
}

export function trainerOptions(kind: TrainerOptions['spec']['kind'], classes: 2 | 3 = 3): TrainerOptions {
  return {
    task: 'training/x/0',
    spec: { name: 'x', kind, batch: 3, learningRate: 0.1 },
    featureSet: 'test@1',
    width: WIDTH,
    target: { horizonUs: 2 * SECOND, deadBandBps: 2, classes, toleranceUs: 6 * SECOND },
    evaluateEvery: 7,
  };
}
