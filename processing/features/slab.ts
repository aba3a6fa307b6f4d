const ROW_BITS = 10;
const ROWS = 1 << ROW_BITS;

/** Fixed-width float64 rows, in chunks of 1,024 so that growing copies nothing. Row ids are dense, from 0. */
export class Slab {
  readonly width: number;
  readonly #chunks: Float64Array[] = [];
  #size = 0;

  constructor(width: number) {
    this.width = width;
  }

  get size(): number {
    return this.#size;
  }

  /** A row of zeros; gives its id. */
  add(): number {
    if (this.#size === this.#chunks.length * ROWS) this.#chunks.push(new Float64Array(ROWS * this.width));
    return this.#size++;
  }

  /** The chunk that holds row `id`, from `offset(id)` on. The row must exist. */
  chunk(id: number): Float64Array {
    return this.#chunks[id >>> ROW_BITS]!;
  }

  offset(id: number): number {
    return (id & (ROWS - 1)) * this.width;
  }

  /** A view of the row, not a copy. */
  row(id: number): Float64Array {
    const at = this.offset(id);
    return this.chunk(id).subarray(at, at + this.width);
  }
}
