/** Rows of a chunk at most, and values of a chunk where rows are wide. */
const MAX_ROW_BITS = 10;
const CHUNK_VALUES = 1 << 17;

/**
 * Fixed-width float64 rows, in chunks so that growing copies nothing: of 1,024 rows, of fewer where rows are so wide
 * (exact windows) that a chunk would exceed a MiB. Row ids are dense, from 0.
 */
export class Slab {
  readonly width: number;
  readonly #bits: number;
  readonly #mask: number;
  readonly #chunks: Float64Array[] = [];
  #size = 0;

  constructor(width: number) {
    this.width = width;
    let bits = MAX_ROW_BITS;
    while (bits > 0 && width << bits > CHUNK_VALUES) bits--;
    this.#bits = bits;
    this.#mask = (1 << bits) - 1;
  }

  get size(): number {
    return this.#size;
  }

  /** A row of zeros; gives its id. */
  add(): number {
    const rows = this.#mask + 1;
    if (this.#size === this.#chunks.length * rows) this.#chunks.push(new Float64Array(rows * this.width));
    return this.#size++;
  }

  /** The chunk that holds row `id`, from `offset(id)` on. The row must exist. */
  chunk(id: number): Float64Array {
    return this.#chunks[id >>> this.#bits]!;
  }

  offset(id: number): number {
    return (id & this.#mask) * this.width;
  }

  /** A view of the row, not a copy. */
  row(id: number): Float64Array {
    const at = this.offset(id);
    return this.chunk(id).subarray(at, at + this.width);
  }
}
