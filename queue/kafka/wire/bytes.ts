/** Reads the primitive types of Kafka's protocol from a buffer. Integers are big-endian; varints are zigzag. */
export class ByteReader {
  readonly buffer: Buffer;
  position: number;

  constructor(buffer: Buffer, position = 0) {
    this.buffer = buffer;
    this.position = position;
  }

  get left(): number {
    return this.buffer.length - this.position;
  }

  int8(): number {
    const value = this.buffer.readInt8(this.position);
    this.position += 1;
    return value;
  }

  int16(): number {
    const value = this.buffer.readInt16BE(this.position);
    this.position += 2;
    return value;
  }

  int32(): number {
    const value = this.buffer.readInt32BE(this.position);
    this.position += 4;
    return value;
  }

  /** As a number: exact for offsets and times, which stay below 2^53. */
  int64(): number {
    const value = this.buffer.readInt32BE(this.position) * 0x1_0000_0000 + this.buffer.readUInt32BE(this.position + 4);
    this.position += 8;
    return value;
  }

  bigint64(): bigint {
    const value = this.buffer.readBigInt64BE(this.position);
    this.position += 8;
    return value;
  }

  string(): string | null {
    const length = this.int16();
    return length < 0 ? null : this.#text(length);
  }

  /** A view, not a copy; empty for null. */
  bytes(): Buffer {
    const length = this.int32();
    return length < 0 ? this.buffer.subarray(0, 0) : this.take(length);
  }

  array<T>(read: (reader: ByteReader) => T): T[] {
    const values: T[] = [];
    for (let left = this.int32(); left > 0; left--) values.push(read(this));
    return values;
  }

  /** Of versions with tags: its length is one more, and zero for null. */
  compactString(): string | null {
    const length = this.uvarint() - 1;
    return length < 0 ? null : this.#text(length);
  }

  compactArray<T>(read: (reader: ByteReader) => T): T[] {
    const values: T[] = [];
    for (let left = this.uvarint() - 1; left > 0; left--) values.push(read(this));
    return values;
  }

  /** Passes over the tagged fields, all of which may be unknown. */
  tags(): void {
    for (let left = this.uvarint(); left > 0; left--) {
      this.uvarint();
      this.take(this.uvarint());
    }
  }

  uvarint(): number {
    let raw = 0;
    for (let shift = 0; ; shift += 7) {
      if (shift > 28 || this.position >= this.buffer.length) throw new RangeError('a varint is cut off, or of more than 32 bits');
      const byte = this.buffer[this.position++]!;
      raw |= (byte & 0x7f) << shift;
      if (byte < 0x80) return raw >>> 0;
    }
  }

  take(length: number): Buffer {
    if (length > this.left) throw new RangeError(`${length} bytes wanted, ${this.left} left`);
    const view = this.buffer.subarray(this.position, this.position + length);
    this.position += length;
    return view;
  }

  varint(): number {
    const { buffer } = this;
    if (this.position >= buffer.length) throw new RangeError('a varint is cut off');
    let byte = buffer[this.position++]!;
    if (byte < 0x80) return (byte >>> 1) ^ -(byte & 1);
    let raw = byte & 0x7f;
    for (let shift = 7; byte >= 0x80; shift += 7) {
      if (shift > 28 || this.position >= buffer.length) throw new RangeError('a varint of more than 32 bits');
      byte = buffer[this.position++]!;
      raw |= (byte & 0x7f) << shift;
    }
    return (raw >>> 1) ^ -(raw & 1);
  }

  /** Exact for what `int64` is exact for: the sign is taken off before the rest is put together. */
  varlong(): number {
    if (this.position >= this.buffer.length) throw new RangeError('a varint is cut off');
    let byte = this.buffer[this.position++]!;
    const negative = (byte & 1) === 1;
    let [magnitude, scale] = [(byte & 0x7f) >>> 1, 64];
    for (let count = 1; byte >= 0x80; count++) {
      if (count > 9 || this.position >= this.buffer.length) throw new RangeError('a varint of more than 64 bits');
      byte = this.buffer[this.position++]!;
      magnitude += (byte & 0x7f) * scale;
      scale *= 128;
    }
    return negative ? -magnitude - 1 : magnitude;
  }

  /** Null for a negative length. */
  varbytes(): Buffer | null {
    const length = this.varint();
    return length < 0 ? null : this.take(length);
  }

  vartext(): string {
    return this.#text(Math.max(0, this.varint()));
  }

  #text(length: number): string {
    if (length > this.left) throw new RangeError(`${length} bytes wanted, ${this.left} left`);
    const text = this.buffer.toString('utf8', this.position, this.position + length);
    this.position += length;
    return text;
  }
}

export function sizeOfVarint(value: number): number {
  let zigzag = ((value << 1) ^ (value >> 31)) >>> 0;
  let size = 1;
  for (; zigzag >= 0x80; zigzag >>>= 7) size += 1;
  return size;
}

/** Zigzag without its lowest bit, the sign: with it a number of 53 bits would have 54. */
const magnitudeOf = (value: number): number => (value >= 0 ? value : -value - 1);

export function sizeOfVarlong(value: number): number {
  let size = 1;
  for (let rest = Math.floor(magnitudeOf(value) / 64); rest > 0; rest = Math.floor(rest / 128)) size += 1;
  return size;
}

/** Writes into a buffer that is large enough. */
export class ByteWriter {
  readonly buffer: Buffer;
  position: number;

  constructor(buffer: Buffer, position = 0) {
    this.buffer = buffer;
    this.position = position;
  }

  varint(value: number): void {
    let zigzag = ((value << 1) ^ (value >> 31)) >>> 0;
    for (; zigzag >= 0x80; zigzag >>>= 7) this.buffer[this.position++] = (zigzag & 0x7f) | 0x80;
    this.buffer[this.position++] = zigzag;
  }

  varlong(value: number): void {
    const magnitude = magnitudeOf(value);
    let rest = Math.floor(magnitude / 64);
    this.buffer[this.position++] = ((magnitude % 64) << 1) | (value < 0 ? 1 : 0) | (rest > 0 ? 0x80 : 0);
    while (rest > 0) {
      const low = rest % 128;
      rest = Math.floor(rest / 128);
      this.buffer[this.position++] = low | (rest > 0 ? 0x80 : 0);
    }
  }

  varbytes(bytes: Uint8Array | null): void {
    if (bytes === null) {
      this.varint(-1);
      return;
    }
    this.varint(bytes.length);
    this.buffer.set(bytes, this.position);
    this.position += bytes.length;
  }
}
