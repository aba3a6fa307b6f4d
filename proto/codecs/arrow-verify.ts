/**
 * Checks the framing of an Arrow IPC stream before the library sees it: apache-arrow 21 trusts every length in the
 * metadata, so four flipped bytes can make it loop or allocate without end.
 *
 * A message is 0xFFFFFFFF, the length of its metadata, the metadata (a FlatBuffer), and a body. Layouts: Message.fbs
 * and Schema.fbs of the Arrow format, version 5. What is not looked at here (types, strings) costs nobody more than its own bytes.
 */

const MAX_DEPTH = 8;
const MAX_TABLES = 20_000;
const HEADER = { SCHEMA: 1, DICTIONARY: 2, BATCH: 3 } as const;

class Metadata {
  readonly #view: DataView;
  #tables = 0;

  constructor(bytes: Uint8Array) {
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  root(): number {
    return this.#table(this.#view.getUint32(0, true));
  }

  /** Position of field `slot` of a table, 0 when it is absent. DataView throws on what lies outside. */
  field(table: number, slot: number): number {
    const vtable = table - this.#view.getInt32(table, true);
    const size = this.#view.getUint16(vtable, true);
    const at = 4 + 2 * slot;
    const offset = at + 2 <= size ? this.#view.getUint16(vtable + at, true) : 0;
    return offset === 0 ? 0 : table + offset;
  }

  child(table: number, slot: number): number {
    const at = this.field(table, slot);
    return at === 0 ? 0 : this.#table(at + this.#view.getUint32(at, true));
  }

  byte(table: number, slot: number): number {
    const at = this.field(table, slot);
    return at === 0 ? 0 : this.#view.getUint8(at);
  }

  int64(table: number, slot: number): number {
    const at = this.field(table, slot);
    return at === 0 ? 0 : this.int64At(at);
  }

  int64At(at: number): number {
    return Number(this.#view.getBigInt64(at, true));
  }

  /** Positions of the elements of a vector, each `size` bytes. */
  *vector(table: number, slot: number, size: number): Iterable<number> {
    const field = this.field(table, slot);
    if (field === 0) return;
    const start = field + this.#view.getUint32(field, true);
    const length = this.#view.getUint32(start, true);
    if (start + 4 + length * size > this.#view.byteLength) throw new RangeError('a vector beyond its metadata');
    for (let i = 0; i < length; i++) yield start + 4 + i * size;
  }

  *tables(table: number, slot: number): Iterable<number> {
    for (const at of this.vector(table, slot, 4)) yield this.#table(at + this.#view.getUint32(at, true));
  }

  #table(at: number): number {
    if (++this.#tables > MAX_TABLES) throw new RangeError('too many tables');
    this.#view.getInt32(at, true);
    return at;
  }
}

function verifyField(meta: Metadata, field: number, depth: number): void {
  if (depth > MAX_DEPTH) throw new RangeError('fields nested too deep');
  for (const child of meta.tables(field, 5)) verifyField(meta, child, depth + 1);
  for (const pair of meta.tables(field, 6)) verifyPair(meta, pair);
}

function verifyPair(meta: Metadata, pair: number): void {
  for (const slot of [0, 1]) for (const first of meta.vector(pair, slot, 1)) if (first >= 0) break;
}

function verifyBatch(meta: Metadata, batch: number, bodyLength: number): void {
  const inside = (length: number): boolean => length >= 0 && length <= bodyLength;
  // A row of ours takes a byte of the body at least.
  if (!inside(meta.int64(batch, 0))) throw new RangeError('more rows than bytes');
  for (const node of meta.vector(batch, 1, 16)) {
    const length = meta.int64At(node);
    const nulls = meta.int64At(node + 8);
    if (!inside(length) || nulls < 0 || nulls > length) throw new RangeError('a column longer than its body');
  }
  for (const buffer of meta.vector(batch, 2, 16)) {
    const offset = meta.int64At(buffer);
    const length = meta.int64At(buffer + 8);
    if (offset < 0 || length < 0 || offset + length > bodyLength) throw new RangeError('a buffer outside its body');
  }
  if (meta.field(batch, 3) !== 0) throw new RangeError('a compressed body');
}

/** Returns where the body of the message ends. */
function verifyMessage(bytes: Uint8Array, from: number, metaLength: number): number {
  if (metaLength < 8 || from + metaLength > bytes.length) throw new RangeError('metadata beyond the stream');
  const meta = new Metadata(bytes.subarray(from, from + metaLength));
  const message = meta.root();
  const kind = meta.byte(message, 1);
  const header = meta.child(message, 2);
  const bodyLength = meta.int64(message, 3);
  if (header === 0 || bodyLength < 0 || from + metaLength + bodyLength > bytes.length) throw new RangeError('a body beyond the stream');
  if (kind === HEADER.SCHEMA) {
    for (const field of meta.tables(header, 1)) verifyField(meta, field, 0);
    for (const pair of meta.tables(header, 2)) verifyPair(meta, pair);
  } else if (kind === HEADER.BATCH) {
    verifyBatch(meta, header, bodyLength);
  } else if (kind === HEADER.DICTIONARY) {
    const batch = meta.child(header, 1);
    if (batch === 0) throw new RangeError('a dictionary without values');
    verifyBatch(meta, batch, bodyLength);
  } else {
    throw new RangeError(`an unknown message, ${kind}`);
  }
  return from + metaLength + bodyLength;
}

/** Throws RangeError unless the stream has its end mark and every length in its framing lies inside it. */
export function verifyStream(bytes: Uint8Array): void {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let at = 0;
  while (at < bytes.length) {
    if (view.getInt32(at, true) !== -1) throw new RangeError('not a message');
    const metaLength = view.getInt32(at + 4, true);
    at += 8;
    if (metaLength === 0) return;
    at = verifyMessage(bytes, at, metaLength);
  }
  throw new RangeError('no end mark: the stream was cut off');
}
