/**
 * One model learning from one sequence of feature rows: predict, wait for the label, score, learn.
 *
 * Pure: no I/O, no clock, no randomness. Everything it does is a function of the rows in their order, so
 * that replaying a log gives the same predictions, outcomes, evaluations and weights, bit for bit.
 *
 * For each row, in this order:
 *  1. the event clock of its source partition advances to the row's event time, if that is later;
 *  2. predictions whose due time lies before the clock are settled with the price their instrument had then
 *     (the last one known at or before the due time), scored, and join the micro-batch; a full batch is one learning step;
 *  3. the row's price becomes the newest of its instrument;
 *  4. the row is predicted, due one horizon after the clock.
 */
import {
  ClassificationMetrics,
  aboutSection,
  createModel,
  type Model,
  type ModelSpec,
} from '#models';
import {
  ABSTENTIONS,
  fail,
  type Evaluation,
  type FeatureRows,
  type PredictionColumns,
  type SnapshotSection,
} from '#proto';

import { createPredictions } from './predictions.ts';
import { InstrumentTable } from './instruments.ts';
import { MicroBatch } from './micro-batch.ts';
import { OutcomeBuffer } from './outcomes.ts';
import { PendingRing } from './pending.ts';
import { SourceClock } from './source.ts';
import { restoreTrainer, saveTrainer, type TrainerState } from './state.ts';
import { checkTarget, classNames, labelOf, type TargetOptions } from './target.ts';

const NOT_WARM = ABSTENTIONS.indexOf('NOT_WARM');

export interface TrainerOptions {
  /** Identity of what it writes, `training/softmax/0`. */
  readonly task: string;
  readonly spec: ModelSpec;
  readonly featureSet: string;
  readonly width: number;
  readonly target: TargetOptions;
  /** Outcomes between two evaluations. */
  readonly evaluateEvery: number;
}

/** What the rows of one record gave. `outcomes` is reused by the next call. */
export interface TrainerOutput {
  readonly predictions: PredictionColumns;
  readonly outcomes: OutcomeBuffer;
  readonly evaluations: Evaluation[];
}

export class Trainer {
  readonly options: TrainerOptions;
  readonly model: Model;
  readonly #state: TrainerState;
  readonly #outcomes: OutcomeBuffer;
  #evaluations: Evaluation[] = [];

  /** @param model that learns @default the one its spec says */
  constructor(options: TrainerOptions, model?: Model) {
    checkTarget(options.target);
    const { classes } = options.target;
    const { spec, width, task } = options;
    this.options = options;
    this.model = model ?? createModel(spec, { width, classes });
    const instruments = new InstrumentTable();
    this.#state = {
      rows: 0,
      outcomes: 0,
      evaluations: 0,
      windowFrom: 0,
      newestDue: 0,
      firstDue: 0,
      instruments,
      sources: new Map(),
      batch: new MicroBatch(spec.batch, width, classes),
      total: new ClassificationMetrics(classes),
      window: new ClassificationMetrics(classes),
    };
    this.#outcomes = new OutcomeBuffer({ task, model: spec.name, classes, instruments: instruments.names });
  }

  /** Rows predicted so far: the next prediction's ordinal. */
  get rows(): number {
    return this.#state.rows;
  }

  get outcomes(): number {
    return this.#state.outcomes;
  }

  get evaluations(): number {
    return this.#state.evaluations;
  }

  /** Predictions that wait for their label. */
  get open(): number {
    let open = 0;
    for (const source of this.#state.sources.values()) open += source.pending.size;
    return open;
  }

  get eventTime(): number {
    let newest = 0;
    for (const source of this.#state.sources.values()) newest = Math.max(newest, source.clock);
    return newest;
  }

  metrics(): ReturnType<ClassificationMetrics['values']> {
    return this.#state.total.values();
  }

  /** Works through the rows of one record at `offset`. Rows seen before (by ordinal) are dropped. */
  process(rows: FeatureRows, offset: number): TrainerOutput {
    const { options } = this;
    if (rows.featureSet !== options.featureSet || rows.names.length !== options.width) {
      throw fail('FEATURE_SET_MISMATCH', `rows of ${rows.featureSet}, ${options.spec.name} learns from ${options.featureSet}`);
    }
    const { instruments } = this.#state;
    const source = this.#source(rows.task);
    const ids = new Int32Array(rows.instruments.length).fill(-1);
    const predictions = createPredictions(options, rows, instruments.names, rows.length);
    this.#outcomes.length = 0;
    this.#evaluations = [];
    const first = Math.max(0, source.nextOrdinal - rows.ordinal);
    for (let i = first; i < rows.length; i++) {
      const word = rows.instrument[i]!;
      let id = ids[word]!;
      if (id === -1) {
        id = instruments.idOf(rows.instruments[word]!);
        ids[word] = id;
      }
      const clock = source.advance(rows.eventTime[i]!);
      this.#settle(source.pending, clock);
      const price = rows.price[i]!;
      instruments.observe(id, price, clock);
      this.#predict(rows, i, id, source, offset, predictions);
    }
    source.nextOrdinal = Math.max(source.nextOrdinal, rows.ordinal + rows.length);
    return { predictions, outcomes: this.#outcomes, evaluations: this.#evaluations };
  }

  #source(task: string): SourceClock {
    let source = this.#state.sources.get(task);
    if (!source) {
      source = new SourceClock(new PendingRing(this.options.width, this.options.target.classes));
      this.#state.sources.set(task, source);
    }
    return source;
  }

  #predict(rows: FeatureRows, i: number, id: number, source: SourceClock, offset: number, out: PredictionColumns): void {
    const { width, target } = this.options;
    const { classes } = target;
    const at = out.length++;
    const price = rows.price[i]!;
    const due = source.clock + target.horizonUs;
    const ordinal = this.#state.rows++;
    out.instrument[at] = id;
    out.ordinal[at] = ordinal;
    out.version[at] = this.model.step;
    out.rowOrdinal[at] = rows.ordinal + i;
    out.eventTime[at] = rows.eventTime[i]!;
    out.dueTime[at] = due;
    out.price[at] = price;
    if (rows.warm[i] !== 1 || !(price > 0)) {
      out.abstained[at] = NOT_WARM;
      this.#state.total.abstain();
      this.#state.window.abstain();
      return;
    }
    this.model.predictRow(rows.values, i * width, id, out.probabilities, at * classes);
    const ring = source.pending;
    const slot = ring.push();
    ring.due[slot] = due;
    ring.ordinal[slot] = ordinal;
    ring.rowOrdinal[slot] = rows.ordinal + i;
    ring.version[slot] = this.model.step;
    ring.eventTime[slot] = rows.eventTime[i]!;
    ring.price[slot] = price;
    ring.offset[slot] = offset;
    ring.instrument[slot] = id;
    for (let c = 0; c < classes; c++) ring.probabilities[slot * classes + c] = out.probabilities[at * classes + c]!;
    for (let j = 0; j < width; j++) ring.features[slot * width + j] = rows.values[i * width + j]!;
  }

  #settle(ring: PendingRing, clock: number): void {
    while (ring.size > 0 && ring.due[ring.head]! < clock) {
      this.#settleOne(ring, ring.head, clock);
      ring.shift();
    }
  }

  #settleOne(ring: PendingRing, slot: number, clock: number): void {
    const state = this.#state;
    const { target } = this.options;
    const { classes } = target;
    const id = ring.instrument[slot]!;
    const due = ring.due[slot]!;
    const out = this.#outcomes;
    const at = out.push();
    if (state.outcomes === 0) state.firstDue = due;
    if (state.outcomes % this.options.evaluateEvery === 0) state.windowFrom = due;
    out.ordinal[at] = state.outcomes++;
    out.instrument[at] = id;
    out.predictionOrdinal[at] = ring.ordinal[slot]!;
    out.version[at] = ring.version[slot]!;
    out.eventTime[at] = ring.eventTime[slot]!;
    out.dueTime[at] = due;
    for (let c = 0; c < classes; c++) out.probabilities[at * classes + c] = ring.probabilities[slot * classes + c]!;
    const { toleranceUs } = target;
    if (clock - due > toleranceUs || due - state.instruments.seen[id]! > toleranceUs) {
      out.label[at] = -1;
      out.returnBps[at] = 0;
      out.logLoss[at] = 0;
      state.total.expire();
      state.window.expire();
    } else {
      const returnBps = Math.log(state.instruments.price[id]! / ring.price[slot]!) * 1e4;
      const label = labelOf(target, returnBps);
      out.label[at] = label;
      out.returnBps[at] = returnBps;
      const loss = state.total.add(ring.probabilities, slot * classes, label);
      out.logLoss[at] = loss;
      state.window.add(ring.probabilities, slot * classes, label, loss);
      if (state.batch.push(ring.features, ring.probabilities, slot, id, label)) {
        this.model.learn(state.batch);
        state.batch.clear();
      }
    }
    state.newestDue = due;
    if (state.outcomes % this.options.evaluateEvery === 0) this.#evaluate();
  }

  #evaluate(): void {
    const state = this.#state;
    const { task, spec } = this.options;
    for (const scope of ['window', 'total'] as const) {
      this.#evaluations.push({
        task,
        ordinal: state.evaluations++,
        model: spec.name,
        scope,
        fromTimeUs: scope === 'total' ? state.firstDue : state.windowFrom,
        toTimeUs: state.newestDue,
        ...state[scope].values(),
      });
    }
    state.window.reset();
  }

  /** Sections of a snapshot: `model` and `about` for servers, the rest for restoration. */
  save(): Record<string, SnapshotSection> {
    const { spec, target } = this.options;
    return {
      model: this.model.save(),
      about: aboutSection({ spec, classes: classNames(target), instruments: this.#state.instruments.names }),
      ...saveTrainer(this.#state),
    };
  }

  /** Puts a snapshot back. Then `refill` every record from `rereadOffset` on, up to the snapshot's own. */
  restore(sections: Readonly<Record<string, SnapshotSection>>): void {
    const model = sections['model'];
    if (!model) throw fail('SNAPSHOT_CORRUPT', 'section model is missing');
    this.model.restore(model);
    restoreTrainer(this.#state, sections, this.options.width, this.options.target.classes);
  }

  /** Oldest record that holds a row of an open prediction; `otherwise` when none is open. */
  rereadOffset(otherwise: number): number {
    let oldest = otherwise;
    for (const { pending } of this.#state.sources.values()) {
      if (pending.size > 0) oldest = Math.min(oldest, pending.offset[pending.head]!);
    }
    return oldest;
  }

  refill(rows: FeatureRows): void {
    this.#state.sources.get(rows.task)?.pending.refill(rows);
  }

  /** Whether every open prediction has its row again. */
  get complete(): boolean {
    return [...this.#state.sources.values()].every((source) => source.pending.complete);
  }
}
