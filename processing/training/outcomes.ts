/** Outcomes in columns that grow, written by the trainer and encoded by the worker. */
import type { OutcomeColumns } from '#proto';

export class OutcomeBuffer implements OutcomeColumns {
  readonly task: string;
  readonly model: string;
  readonly classes: number;
  readonly instruments: readonly string[];
  length = 0;
  #capacity = 256;
  instrument = new Int32Array(256);
  ordinal = new Float64Array(256);
  predictionOrdinal = new Float64Array(256);
  version = new Float64Array(256);
  eventTime = new Float64Array(256);
  dueTime = new Float64Array(256);
  label = new Int8Array(256);
  returnBps = new Float64Array(256);
  logLoss = new Float64Array(256);
  probabilities: Float64Array;

  constructor(options: { task: string; model: string; classes: number; instruments: readonly string[] }) {
    this.task = options.task;
    this.model = options.model;
    this.classes = options.classes;
    this.instruments = options.instruments;
    this.probabilities = new Float64Array(256 * options.classes);
  }

  /** A new row, for the caller to fill in. */
  push(): number {
    if (this.length === this.#capacity) this.#grow();
    return this.length++;
  }

  #grow(): void {
    this.#capacity *= 2;
    const f64 = (from: Float64Array, width = 1): Float64Array<ArrayBuffer> => {
      const into = new Float64Array(this.#capacity * width);
      into.set(from);
      return into;
    };
    const instrument = new Int32Array(this.#capacity);
    instrument.set(this.instrument);
    this.instrument = instrument;
    const label = new Int8Array(this.#capacity);
    label.set(this.label);
    this.label = label;
    this.ordinal = f64(this.ordinal);
    this.predictionOrdinal = f64(this.predictionOrdinal);
    this.version = f64(this.version);
    this.eventTime = f64(this.eventTime);
    this.dueTime = f64(this.dueTime);
    this.returnBps = f64(this.returnBps);
    this.logLoss = f64(this.logLoss);
    this.probabilities = f64(this.probabilities, this.classes);
  }
}
