/** What was read of one partition and not yet taken, and where reading goes on. */
import type { ForetickError } from '#proto';
import type { QueueRecord, RecordBatch } from '../../port.ts';

export class Inlet {
  readonly topic: string;
  readonly partition: number;
  /** Offset that is fetched next. */
  position: number;
  /** Where the log ended at the last answer. */
  end = 0;
  /** Answers to questions asked before the place was changed do not count. */
  turn = 0;
  asked = false;
  retryAt = 0;
  failures = 0;
  error: ForetickError | undefined;
  /** Bytes that wait. */
  bytes = 0;
  #records: QueueRecord[] = [];
  /** How many of the records are taken. */
  #taken = 0;
  /** Past the last record, or place, that was given out. */
  #told: number;

  constructor(topic: string, partition: number, position: number) {
    this.topic = topic;
    this.partition = partition;
    this.position = position;
    this.#told = position;
  }

  get waiting(): number {
    return this.#records.length - this.#taken;
  }

  /** Where the next answer of `take` begins, or the place past all that was read. */
  get taken(): number {
    return this.waiting > 0 ? this.#records[this.#taken]!.offset : this.position;
  }

  seek(position: number): void {
    this.turn += 1;
    this.position = position;
    this.error = undefined;
    this.retryAt = 0;
    this.failures = 0;
    this.#records = [];
    this.#taken = 0;
    this.bytes = 0;
    this.#told = position;
  }

  push(records: readonly QueueRecord[], nextOffset: number, end: number): void {
    this.position = nextOffset;
    this.end = end;
    this.failures = 0;
    if (records.length === 0) return;
    if (this.waiting === 0) {
      this.#records = [...records];
      this.#taken = 0;
    } else {
      for (const record of records) this.#records.push(record);
    }
    for (const record of records) this.bytes += bytesOf(record);
  }

  /** Up to `maxRecords` and `maxBytes`, at least one. */
  take(maxRecords: number, maxBytes: number): RecordBatch | undefined {
    if (this.waiting === 0) return undefined;
    const from = this.#taken;
    let [to, bytes] = [from, 0];
    while (to < this.#records.length && to - from < maxRecords) {
      const size = bytesOf(this.#records[to]!);
      if (to > from && bytes + size > maxBytes) break;
      bytes += size;
      to += 1;
    }
    const whole = from === 0 && to === this.#records.length;
    const records = whole ? this.#records : this.#records.slice(from, to);
    this.#taken = to;
    this.#told = records.at(-1)!.offset + 1;
    this.bytes -= bytes;
    if (to === this.#records.length) {
      this.#records = [];
      this.#taken = 0;
    } else if (to > 4096 && to > this.#records.length / 2) {
      this.#records.splice(0, to);
      this.#taken = 0;
    }
    const { topic, partition, end } = this;
    return { topic, partition, records, nextOffset: this.taken, endOffset: Math.max(end, this.taken) };
  }

  /** A batch of no records, when only the place has moved: past marks of transactions, or what they took back. */
  takeMove(): RecordBatch | undefined {
    const { topic, partition, position, end } = this;
    if (this.waiting > 0 || position <= this.#told) return undefined;
    this.#told = position;
    return { topic, partition, records: [], nextOffset: position, endOffset: Math.max(end, position) };
  }
}

/** Values and keys, and what a record costs beside them. */
function bytesOf({ key, value }: QueueRecord): number {
  return (key?.length ?? 0) + (value?.length ?? 0) + 64;
}
