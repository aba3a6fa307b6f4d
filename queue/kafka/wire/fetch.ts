/** Fetch, version 11 (Kafka 2.3 and later): the record sets stay bytes until they are wanted. */
import protocol from 'kafkajs/src/protocol/requests/index.js';

import { ByteReader } from './bytes.ts';
import type { AbortedTransaction } from './record-batch.ts';
import type { WireRequest } from './request.ts';

export interface FetchTarget {
  readonly topic: string;
  readonly partition: number;
  readonly offset: number;
  readonly maxBytes: number;
}

export interface FetchedPartition {
  readonly topic: string;
  readonly partition: number;
  readonly errorCode: number;
  /** End of what is committed. */
  readonly lastStableOffset: number;
  readonly logStartOffset: number;
  readonly aborted: readonly AbortedTransaction[];
  readonly set: Buffer;
}

export interface FetchResponse {
  readonly errorCode: number;
  readonly partitions: readonly FetchedPartition[];
}

const READ_COMMITTED = 1;
const fetchV11 = (protocol.requests.Fetch as { protocol(options: { version: number }): (options: object) => { request: object } }).protocol({ version: 11 });

export function fetchRequest(targets: readonly FetchTarget[], limits: { maxWaitMs: number; maxBytes: number }): WireRequest<FetchResponse> {
  const { request } = fetchV11({
    replicaId: -1,
    isolationLevel: READ_COMMITTED,
    maxWaitTime: limits.maxWaitMs,
    minBytes: 1,
    maxBytes: limits.maxBytes,
    topics: groupByTopic(targets),
  });
  return { request, decode };
}

function groupByTopic(targets: readonly FetchTarget[]): { topic: string; partitions: { partition: number; fetchOffset: string; maxBytes: number }[] }[] {
  const topics = new Map<string, { partition: number; fetchOffset: string; maxBytes: number }[]>();
  for (const { topic, partition, offset, maxBytes } of targets) {
    const list = topics.get(topic) ?? [];
    if (list.length === 0) topics.set(topic, list);
    list.push({ partition, fetchOffset: String(offset), maxBytes });
  }
  return [...topics].map(([topic, partitions]) => ({ topic, partitions }));
}

function decode(payload: Buffer): FetchResponse {
  const reader = new ByteReader(payload);
  reader.int32(); // throttle time
  const errorCode = reader.int16();
  reader.int32(); // session
  const partitions = reader.array((topics) => {
    const topic = topics.string() ?? '';
    return topics.array((from) => decodePartition(topic, from));
  });
  return { errorCode, partitions: partitions.flat() };
}

function decodePartition(topic: string, reader: ByteReader): FetchedPartition {
  const partition = reader.int32();
  const errorCode = reader.int16();
  reader.int64(); // high watermark
  const lastStableOffset = reader.int64();
  const logStartOffset = reader.int64();
  const aborted = reader.array((from) => ({ producerId: from.bigint64(), firstOffset: from.int64() }));
  aborted.sort((a, b) => a.firstOffset - b.firstOffset);
  reader.int32(); // preferred read replica
  return { topic, partition, errorCode, lastStableOffset, logStartOffset, aborted, set: reader.bytes() };
}
