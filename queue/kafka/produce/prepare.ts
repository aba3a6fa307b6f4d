/** Output records as they travel, checked before any of them is sent: one that is refused keeps back all of its call. */
import { fail, partitionOf } from '#proto';
import type { OutputRecord } from '../../port.ts';
import type { Cluster } from '../cluster/cluster.ts';
import { encodeHeaders, sizeOfRecord, type WireRecord } from '../wire/record-batch.ts';

/** Records of one partition, and where each stood in the call. */
export interface Share {
  readonly topic: string;
  readonly partition: number;
  readonly records: WireRecord[];
  readonly places: number[];
}

export interface Prepared {
  readonly shares: Share[];
  readonly count: number;
  readonly bytes: number;
}

const bytesOf = (text: string | Uint8Array | null | undefined): Uint8Array | null =>
  text === null || text === undefined ? null : typeof text === 'string' ? Buffer.from(text) : text;

/** UNKNOWN_TOPIC, INVALID_REQUEST for a partition that is not there or a time that is none, RECORD_TOO_LARGE. */
export async function prepare(cluster: Cluster, records: readonly OutputRecord[]): Promise<Prepared> {
  const counts = new Map<string, number>();
  for (const { topic } of records) if (!counts.has(topic)) counts.set(topic, await cluster.partitionsOf(topic));
  const shares = new Map<string, Share>();
  const now = Date.now();
  let bytes = 0;
  records.forEach((record, place) => {
    const { topic, timestamp = now } = record;
    if (!Number.isSafeInteger(timestamp)) throw fail('INVALID_REQUEST', `A record for ${topic} has the timestamp ${timestamp}: whole milliseconds are wanted.`);
    const wire = { key: bytesOf(record.key), value: bytesOf(record.value), headers: encodeHeaders(record.headers), timestamp };
    const size = sizeOfRecord(wire);
    if (size > cluster.settings.maxRecordBytes) {
      throw fail('RECORD_TOO_LARGE', `A record of ${size} bytes for ${topic}: at most ${cluster.settings.maxRecordBytes} are accepted.`);
    }
    bytes += size;
    const partition = placeOf(record.partition, wire.key, counts.get(topic)!, topic);
    const name = `${topic}/${partition}`;
    const share = shares.get(name) ?? { topic, partition, records: [], places: [] };
    if (share.records.length === 0) shares.set(name, share);
    share.records.push(wire);
    share.places.push(place);
  });
  return { shares: [...shares.values()], count: records.length, bytes };
}

function placeOf(given: number | undefined, key: Uint8Array | null, partitions: number, topic: string): number {
  if (given === undefined) return key === null ? 0 : partitionOf(key, partitions);
  if (Number.isInteger(given) && given >= 0 && given < partitions) return given;
  throw fail('INVALID_REQUEST', `Topic ${topic} has partitions 0 to ${partitions - 1}, not ${given}.`);
}
