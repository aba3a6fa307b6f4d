/**
 * The two baselines that always run. A model that does not beat both has no skill worth paying for.
 */
import { fail, type SnapshotSection } from '#proto';

import { checkRows } from './linear.ts';
import { topClass } from './metrics.ts';
import { floorProbabilities, type LabelledRows, type Model } from './model.ts';
import { SectionReader, section } from './section.ts';

/** Class frequencies so far, by Laplace's rule of succession: (count + 1) / (n + classes). */
export class ClassPrior implements Model {
  readonly kind = 'prior';
  readonly width: number;
  readonly classes: number;
  readonly #counts: Float64Array;
  #total = 0;
  #step = 0;

  constructor(options: { width: number; classes: number }) {
    this.width = options.width;
    this.classes = options.classes;
    this.#counts = new Float64Array(options.classes);
  }

  get step(): number {
    return this.#step;
  }

  predictRow(_features: Float32Array, _at: number, _instrument: number, out: Float64Array, outAt: number): void {
    for (let c = 0; c < this.classes; c++) {
      out[outAt + c] = (this.#counts[c]! + 1) / (this.#total + this.classes);
    }
    floorProbabilities(out, outAt, this.classes);
  }

  learn(rows: LabelledRows): void {
    checkRows(rows, this.width, this.classes);
    for (let i = 0; i < rows.length; i++) {
      const label = rows.labels[i]!;
      this.#counts[label] = this.#counts[label]! + 1;
    }
    this.#total += rows.length;
    this.#step += 1;
  }

  save(): SnapshotSection {
    return section({ kind: this.kind, step: this.#step, total: this.#total }, { counts: this.#counts });
  }

  restore(from: SnapshotSection): void {
    const reader = new SectionReader<{ kind: string; step: number; total: number }>(from, 'model');
    if (reader.document.kind !== this.kind) throw fail('SNAPSHOT_CORRUPT', `a snapshot of ${reader.document.kind}`);
    this.#counts.set(reader.f64('counts', this.classes));
    this.#total = reader.document.total;
    this.#step = reader.document.step;
  }
}

/** Keeps the class that was chosen apart from a row of equal probabilities. */
const JUST_ABOVE = 1e-9;

/**
 * What happened last happens again: the newest known label of the instrument, believed as much as that rule has been
 * right so far, (hits + 1) / (n + classes), but never less than chance; the rest is shared equally. A hit is judged
 * by what was known when the row was predicted, which is one horizon older than the label.
 */
export class Persistence implements Model {
  readonly kind = 'persistence';
  readonly width: number;
  readonly classes: number;
  /** Newest label by instrument id, 255 when there is none. */
  #last: Uint8Array = new Uint8Array(64).fill(255);
  #hits = 0;
  #total = 0;
  #step = 0;

  constructor(options: { width: number; classes: number }) {
    this.width = options.width;
    this.classes = options.classes;
  }

  get step(): number {
    return this.#step;
  }

  predictRow(_features: Float32Array, _at: number, instrument: number, out: Float64Array, outAt: number): void {
    const last = instrument >= 0 && instrument < this.#last.length ? this.#last[instrument]! : 255;
    const trust = Math.max(1 / this.classes + JUST_ABOVE, (this.#hits + 1) / (this.#total + this.classes));
    for (let c = 0; c < this.classes; c++) {
      out[outAt + c] = last === 255 ? 1 / this.classes : c === last ? trust : (1 - trust) / (this.classes - 1);
    }
    floorProbabilities(out, outAt, this.classes);
  }

  learn(rows: LabelledRows): void {
    checkRows(rows, this.width, this.classes);
    for (let i = 0; i < rows.length; i++) {
      const id = rows.instruments[i]!;
      if (id < 0) continue;
      if (id >= this.#last.length) {
        const grown = new Uint8Array(Math.max(id + 1, this.#last.length * 2)).fill(255);
        grown.set(this.#last);
        this.#last = grown;
      }
      const label = rows.labels[i]!;
      const top = topClass(rows.predicted, i * this.classes, this.classes);
      if (rows.predicted[i * this.classes + top]! > 1 / this.classes + JUST_ABOVE / 2) {
        this.#total += 1;
        if (top === label) this.#hits += 1;
      }
      this.#last[id] = label;
    }
    this.#step += 1;
  }

  save(): SnapshotSection {
    return section(
      { kind: this.kind, classes: this.classes, step: this.#step, hits: this.#hits, total: this.#total },
      { last: this.#last },
    );
  }

  restore(from: SnapshotSection): void {
    const reader = new SectionReader<{ kind: string; classes: number; step: number; hits: number; total: number }>(from, 'model');
    const { kind, classes } = reader.document;
    if (kind !== this.kind || classes !== this.classes) throw fail('SNAPSHOT_CORRUPT', `a snapshot of ${kind} of ${classes} classes`);
    this.#last = reader.u8('last');
    this.#hits = reader.document.hits;
    this.#total = reader.document.total;
    this.#step = reader.document.step;
  }
}
