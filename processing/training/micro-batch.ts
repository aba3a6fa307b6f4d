/** Labelled rows that wait until there are enough for one learning step. */
import { SectionReader, section, type LabelledRows } from '#models';
import { fail, type SnapshotSection } from '#proto';

export class MicroBatch implements LabelledRows {
  readonly size: number;
  readonly #width: number;
  readonly #classes: number;
  #length = 0;
  readonly features: Float32Array;
  readonly instruments: Int32Array;
  readonly labels: Uint8Array;
  readonly predicted: Float64Array;

  constructor(size: number, width: number, classes: number) {
    this.size = size;
    this.#width = width;
    this.#classes = classes;
    this.predicted = new Float64Array(size * classes);
    this.features = new Float32Array(size * width);
    this.instruments = new Int32Array(size);
    this.labels = new Uint8Array(size);
  }

  get length(): number {
    return this.#length;
  }

  /** Adds the row of slot `slot` of row-major tables; returns true when the batch is full. */
  push(features: Float32Array, predicted: Float64Array, slot: number, instrument: number, label: number): boolean {
    const width = this.#width;
    const classes = this.#classes;
    const to = this.#length * width;
    for (let j = 0; j < width; j++) this.features[to + j] = features[slot * width + j]!;
    for (let c = 0; c < classes; c++) this.predicted[this.#length * classes + c] = predicted[slot * classes + c]!;
    this.instruments[this.#length] = instrument;
    this.labels[this.#length] = label;
    this.#length += 1;
    return this.#length === this.size;
  }

  clear(): void {
    this.#length = 0;
  }

  save(): SnapshotSection {
    const n = this.#length;
    return section(
      { length: n },
      {
        features: this.features.subarray(0, n * this.#width),
        instruments: this.instruments.subarray(0, n),
        labels: this.labels.subarray(0, n),
        predicted: this.predicted.subarray(0, n * this.#classes),
      },
    );
  }

  restore(from: SnapshotSection | undefined): void {
    const reader = new SectionReader<{ length: number }>(from, 'batch');
    const { length } = reader.document;
    if (!(length >= 0 && length < this.size)) throw fail('SNAPSHOT_CORRUPT', `a batch of ${length} waiting rows; a step takes ${this.size}`);
    this.features.set(reader.f32('features', length * this.#width));
    this.instruments.set(reader.i32('instruments', length));
    this.labels.set(reader.u8('labels', length));
    this.predicted.set(reader.f64('predicted', length * this.#classes));
    this.#length = length;
  }
}
