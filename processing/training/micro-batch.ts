/** Labelled rows that wait until there are enough for one learning step. */
import { SectionReader, section, type LabelledRows } from '#models';
import type { SnapshotSection } from '#proto';

export class MicroBatch implements LabelledRows {
  readonly size: number;
  readonly #width: number;
  #length = 0;
  readonly features: Float32Array;
  readonly instruments: Int32Array;
  readonly labels: Uint8Array;

  constructor(size: number, width: number) {
    this.size = size;
    this.#width = width;
    this.features = new Float32Array(size * width);
    this.instruments = new Int32Array(size);
    this.labels = new Uint8Array(size);
  }

  get length(): number {
    return this.#length;
  }

  /** Adds a row; returns true when the batch is full. */
  push(features: Float32Array, at: number, instrument: number, label: number): boolean {
    const to = this.#length * this.#width;
    for (let j = 0; j < this.#width; j++) this.features[to + j] = features[at + j]!;
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
      },
    );
  }

  restore(from: SnapshotSection | undefined): void {
    const reader = new SectionReader<{ length: number }>(from, 'batch');
    const { length } = reader.document;
    this.features.set(reader.f32('features', length * this.#width));
    this.instruments.set(reader.i32('instruments', length));
    this.labels.set(reader.u8('labels', length));
    this.#length = length;
  }
}
