/**
 * Predictions that wait for their label, oldest first: a ring of typed arrays.
 *
 * Due times of one source are in order, because its event clock never goes back. A snapshot keeps all but the
 * feature values; those are read again from the log.
 */
import { SectionReader, section } from '#models';
import { fail, type FeatureRows, type SnapshotSection } from '#proto';

type Numbers = Float64Array | Float32Array | Int32Array;

export class PendingRing {
  readonly width: number;
  readonly classes: number;
  #capacity = 256;
  #head = 0;
  #size = 0;
  due = new Float64Array(256);
  ordinal = new Float64Array(256);
  rowOrdinal = new Float64Array(256);
  version = new Float64Array(256);
  eventTime = new Float64Array(256);
  price = new Float64Array(256);
  /** Offset of the features record that holds the row. */
  offset = new Float64Array(256);
  instrument = new Int32Array(256);
  probabilities: Float64Array;
  features: Float32Array;
  /** Entries, from the oldest, whose features are there. */
  #filled = 0;

  constructor(width: number, classes: number) {
    this.width = width;
    this.classes = classes;
    this.probabilities = new Float64Array(256 * classes);
    this.features = new Float32Array(256 * width);
  }

  get size(): number {
    return this.#size;
  }

  /** Slot of the oldest entry. */
  get head(): number {
    return this.#head;
  }

  /** A new slot at the end, for the caller to fill in. */
  push(): number {
    if (this.#size === this.#capacity) this.#grow();
    const slot = (this.#head + this.#size) & (this.#capacity - 1);
    this.#size += 1;
    this.#filled += 1;
    return slot;
  }

  /** Drops the oldest entry. */
  shift(): void {
    this.#head = (this.#head + 1) & (this.#capacity - 1);
    this.#size -= 1;
    this.#filled -= 1;
  }

  #grow(): void {
    const wider = this.#capacity * 2;
    const unroll = <T extends Numbers>(from: T, into: T, width: number): T => {
      const tail = from.subarray(this.#head * width);
      into.set(tail);
      into.set(from.subarray(0, this.#head * width), tail.length);
      return into;
    };
    const f64 = (from: Float64Array<ArrayBuffer>, width = 1): Float64Array<ArrayBuffer> =>
      unroll(from, new Float64Array(wider * width), width);
    this.due = f64(this.due);
    this.ordinal = f64(this.ordinal);
    this.rowOrdinal = f64(this.rowOrdinal);
    this.version = f64(this.version);
    this.eventTime = f64(this.eventTime);
    this.price = f64(this.price);
    this.offset = f64(this.offset);
    this.instrument = unroll(this.instrument, new Int32Array(wider), 1);
    this.probabilities = unroll(this.probabilities, new Float64Array(wider * this.classes), this.classes);
    this.features = unroll(this.features, new Float32Array(wider * this.width), this.width);
    this.#head = 0;
    this.#capacity = wider;
  }

  save(): SnapshotSection {
    const n = this.#size;
    const take = (from: Float64Array, width = 1): Float64Array => {
      const out = new Float64Array(n * width);
      for (let i = 0; i < n; i++) {
        const slot = (this.#head + i) & (this.#capacity - 1);
        out.set(from.subarray(slot * width, (slot + 1) * width), i * width);
      }
      return out;
    };
    return section(
      { size: n },
      {
        due: take(this.due),
        ordinal: take(this.ordinal),
        rowOrdinal: take(this.rowOrdinal),
        version: take(this.version),
        eventTime: take(this.eventTime),
        price: take(this.price),
        offset: take(this.offset),
        instrument: take(Float64Array.from(this.instrument)),
        probabilities: take(this.probabilities, this.classes),
      },
    );
  }

  static restore(from: SnapshotSection | undefined, width: number, classes: number): PendingRing {
    const reader = new SectionReader<{ size: number }>(from, 'pending');
    const { size } = reader.document;
    const ring = new PendingRing(width, classes);
    while (ring.#capacity < size) ring.#grow();
    ring.due.set(reader.f64('due', size));
    ring.ordinal.set(reader.f64('ordinal', size));
    ring.rowOrdinal.set(reader.f64('rowOrdinal', size));
    ring.version.set(reader.f64('version', size));
    ring.eventTime.set(reader.f64('eventTime', size));
    ring.price.set(reader.f64('price', size));
    ring.offset.set(reader.f64('offset', size));
    ring.instrument.set(reader.f64('instrument', size));
    ring.probabilities.set(reader.f64('probabilities', size * classes));
    ring.#size = size;
    return ring;
  }

  /** Whether all entries have their features again. */
  get complete(): boolean {
    return this.#filled === this.#size;
  }

  /** After `restore`: takes the features of waiting rows from rows read again, in log order. */
  refill(rows: FeatureRows): void {
    const end = rows.ordinal + rows.length;
    while (this.#filled < this.#size) {
      const slot = (this.#head + this.#filled) & (this.#capacity - 1);
      const row = this.rowOrdinal[slot]!;
      if (row >= end) return;
      if (row < rows.ordinal) throw fail('POSITION_EXPIRED', `row ${row} of ${rows.task} is no longer in the log`);
      const at = (row - rows.ordinal) * this.width;
      this.features.set(rows.values.subarray(at, at + this.width), slot * this.width);
      this.#filled += 1;
    }
  }
}
