/** Checks records as they are given and makes them ready to be stored. */
import { fail, partitionOf } from '#proto';
import type { Headers, OutputRecord } from '../port.ts';
import { NO_HEADERS } from './block.ts';
import { headerBytes, type StoredRecord } from './block-encoder.ts';
import type { Catalog, Partition, Topic } from './catalog.ts';

/** A record on its way into the log. */
export interface PendingRecord extends StoredRecord {
  readonly partition: Partition;
  /** Of key, value and headers. */
  readonly bytes: number;
  /** Until it is appended: -1 when the clock is to be asked. */
  timestamp: number;
  /** Known when it is appended. */
  offset: number;
}

/** Keys come again and again: their bytes are kept, up to a number of them. */
const KEPT_KEYS = 8192;

export class RecordIntake {
  readonly #catalog: Catalog;
  readonly #maxRecordBytes: number;
  readonly #keys = new Map<string, Uint8Array>();

  constructor(catalog: Catalog, maxRecordBytes: number) {
    this.#catalog = catalog;
    this.#maxRecordBytes = maxRecordBytes;
  }

  /** All of them, or an error for the first that cannot be stored. */
  prepare(records: readonly OutputRecord[]): PendingRecord[] {
    let topic: Topic | undefined;
    let given: Headers | undefined;
    let headers: Headers = NO_HEADERS;
    let extra = 0;
    const prepared: PendingRecord[] = [];
    for (const record of records) {
      if (topic?.spec.name !== record.topic) topic = this.#catalog.get(record.topic);
      if (record.headers !== given) {
        given = record.headers;
        extra = given === undefined ? 0 : headerBytes(given);
        headers = extra === 0 ? NO_HEADERS : given!;
      }
      const key = this.#key(record.key);
      const value = typeof record.value === 'string' ? Buffer.from(record.value) : record.value;
      const bytes = (key === null ? 0 : key.length) + (value === null ? 0 : value.length) + extra;
      this.#check(record, topic, key, bytes);
      const partition = place(topic, record, key);
      const timestamp = record.timestamp ?? -1;
      prepared.push({ partition, key, value, headers, headerBytes: extra, timestamp, bytes, offset: -1 });
    }
    return prepared;
  }

  #key(key: OutputRecord['key']): Uint8Array | null {
    if (key === undefined || key === null) return null;
    if (typeof key !== 'string') return key;
    const known = this.#keys.get(key);
    if (known !== undefined) return known;
    const bytes = Buffer.from(key);
    if (this.#keys.size >= KEPT_KEYS) this.#keys.clear();
    this.#keys.set(key, bytes);
    return bytes;
  }

  #check({ topic: name, timestamp }: OutputRecord, topic: Topic, key: Uint8Array | null, bytes: number): void {
    const most = this.#maxRecordBytes;
    if (bytes > most) {
      throw fail('RECORD_TOO_LARGE', `A record for "${name}" has ${bytes} bytes; ${most} are allowed.`);
    }
    if (topic.compacted && key === null) {
      throw fail('INVALID_REQUEST', `Topic "${name}" is compacted: its records need a key.`);
    }
    if (timestamp !== undefined && !(Number.isSafeInteger(timestamp) && timestamp >= 0)) {
      throw fail('VALUE_OUT_OF_RANGE', `A record's timestamp is in whole milliseconds, not ${timestamp}.`);
    }
  }
}

function place(topic: Topic, record: OutputRecord, key: Uint8Array | null): Partition {
  const { partitions } = topic;
  const index = record.partition ?? (key === null ? 0 : partitionOf(key, partitions.length));
  const partition = partitions[index];
  if (partition !== undefined) return partition;
  throw fail('INVALID_REQUEST', `Topic "${record.topic}" has ${partitions.length} partitions; there is no ${index}.`);
}
