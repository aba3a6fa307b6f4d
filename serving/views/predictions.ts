/** Recent predictions of each instrument, the newest of each model, and what became of them. */
import { decodeOutcomes, decodePredictions, type Outcome, type Prediction } from '#proto';
import type { QueueRecord } from '#queue';

import { OrdinalFilter } from './position.ts';
import { SettledFeed } from './settled.ts';

export interface RecentPrediction {
  readonly prediction: Prediction;
  /** When the queue took it, milliseconds of wall clock. */
  readonly appendedAt: number;
  /** Order of arrival, over all instruments. */
  readonly sequence: number;
  outcome: Outcome | undefined;
}

export interface OutcomeCounts {
  outcomes: number;
  expired: number;
  correct: number;
}

interface Window {
  readonly entries: RecentPrediction[];
  readonly newest: Map<string, RecentPrediction>;
}

export interface PredictionsViewOptions {
  /** Predictions kept of one instrument, over all its models. @default 1000 */
  readonly perInstrument?: number;
  /** Predictions kept in all; many instruments share it. @default 100000 */
  readonly total?: number;
}

export class PredictionsView {
  readonly perInstrument: number;
  readonly #total: number;
  readonly #windows = new Map<string, Window>();
  readonly #byIdentity = new Map<string, RecentPrediction>();
  readonly #counts = new Map<string, OutcomeCounts>();
  readonly #predictions = new OrdinalFilter();
  readonly #outcomes = new OrdinalFilter();
  /** Outcomes that came before their prediction: the two topics are read independently. */
  readonly #early = new Map<string, Outcome>();
  readonly settled = new SettledFeed();
  readonly #latest: RecentPrediction[] = [];
  #sequence = 0;

  constructor(options: PredictionsViewOptions = {}) {
    this.perInstrument = options.perInstrument ?? 1000;
    this.#total = options.total ?? 100_000;
  }

  applyPrediction(record: QueueRecord): void {
    for (const prediction of decodePredictions(record)) {
      if (!this.#predictions.isNew(record.partition, prediction.task, prediction.ordinal)) continue;
      const id = `${prediction.task}/${prediction.ordinal}`;
      const outcome = this.#early.get(id);
      this.#early.delete(id);
      const entry: RecentPrediction = { prediction, appendedAt: record.timestamp, sequence: this.#sequence++, outcome };
      const window = this.#window(prediction.instrument);
      window.newest.set(prediction.model, entry);
      window.entries.push(entry);
      this.#latest.push(entry);
      this.#byIdentity.set(id, entry);
      this.#trim(window);
    }
  }

  applyOutcome(record: QueueRecord): void {
    for (const outcome of decodeOutcomes(record)) {
      if (!this.#outcomes.isNew(record.partition, outcome.task, outcome.ordinal)) continue;
      this.settled.add(outcome, record.timestamp);
      const counts = this.#countsOf(outcome.model);
      if (outcome.expired) counts.expired += 1;
      else {
        counts.outcomes += 1;
        if (outcome.probabilities.indexOf(Math.max(...outcome.probabilities)) === outcome.label) counts.correct += 1;
      }
      const id = `${outcome.task}/${outcome.predictionOrdinal}`;
      const entry = this.#byIdentity.get(id);
      if (entry) entry.outcome = outcome;
      else this.#hold(id, outcome);
    }
  }

  knows(instrument: string): boolean {
    return this.#windows.has(instrument);
  }

  models(): ReadonlySet<string> {
    const models = new Set<string>();
    for (const { newest } of this.#windows.values()) for (const model of newest.keys()) models.add(model);
    return models;
  }

  newest(instrument: string, model: string): RecentPrediction | undefined {
    return this.#windows.get(instrument)?.newest.get(model);
  }

  /** Outcomes seen since this server began to follow. */
  counts(): ReadonlyMap<string, Readonly<OutcomeCounts>> {
    return this.#counts;
  }

  /** Newest first. Without an instrument: over all. */
  recent(filter: { instrument?: string; model?: string; limit: number }): RecentPrediction[] {
    const entries = filter.instrument === undefined ? this.#latest : (this.#windows.get(filter.instrument)?.entries ?? []);
    const found: RecentPrediction[] = [];
    for (let i = entries.length - 1; i >= 0 && found.length < filter.limit; i--) {
      const entry = entries[i]!;
      if (filter.model === undefined || entry.prediction.model === filter.model) found.push(entry);
    }
    return found;
  }

  #window(instrument: string): Window {
    let window = this.#windows.get(instrument);
    if (!window) {
      window = { entries: [], newest: new Map() };
      this.#windows.set(instrument, window);
    }
    return window;
  }

  #countsOf(model: string): OutcomeCounts {
    let counts = this.#counts.get(model);
    if (!counts) {
      counts = { outcomes: 0, expired: 0, correct: 0 };
      this.#counts.set(model, counts);
    }
    return counts;
  }

  /** Trims in steps of an eighth, so that a push costs O(1) on average. */
  #trim({ entries }: Window): void {
    const share = Math.max(8, Math.min(this.perInstrument, Math.floor(this.#total / this.#windows.size)));
    if (entries.length > share + (share >> 3)) {
      for (const { prediction } of entries.splice(0, entries.length - share)) {
        this.#byIdentity.delete(`${prediction.task}/${prediction.ordinal}`);
      }
    }
    if (this.#latest.length > 2 * this.perInstrument) this.#latest.splice(0, this.#latest.length - this.perInstrument);
  }

  #hold(id: string, outcome: Outcome): void {
    this.#early.set(id, outcome);
    if (this.#early.size > 4096) this.#early.delete(this.#early.keys().next().value!);
  }
}
