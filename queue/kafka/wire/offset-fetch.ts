/**
 * OffsetFetch, version 7 (Kafka 2.5 and later): offsets of which a transaction is pending are refused when asked to be stable. kafkajs has it up to
 * version 4, which answers with the offset of before, even when the transaction has been committed and only its mark is under way.
 */
import Encoder from 'kafkajs/src/protocol/encoder.js';

import { protocolError } from '../cluster/errors.ts';
import { ByteReader } from './bytes.ts';
import type { WireRequest } from './request.ts';

export interface FetchedOffset {
  readonly topic: string;
  readonly partition: number;
  /** Negative: none is committed. */
  readonly offset: number;
  readonly metadata: string | null;
}

export interface OffsetFetchTopic {
  readonly topic: string;
  readonly partitions: readonly number[];
}

/** @param stable what is pending is an error, UNSTABLE_OFFSET_COMMIT, which passes */
export function offsetFetchRequest(group: string, topics: readonly OffsetFetchTopic[], stable: boolean): WireRequest<FetchedOffset[]> {
  const encode = (): Promise<Encoder> => {
    // Of the header: kafkajs writes those of versions without tags.
    const encoder = new Encoder().writeUVarInt(0).writeUVarIntString(group).writeUVarInt(topics.length + 1);
    for (const { topic, partitions } of topics) {
      encoder.writeUVarIntString(topic).writeUVarInt(partitions.length + 1);
      for (const partition of partitions) encoder.writeInt32(partition);
      encoder.writeUVarInt(0);
    }
    return Promise.resolve(encoder.writeInt8(stable ? 1 : 0).writeUVarInt(0));
  };
  return { request: { apiKey: 9, apiVersion: 7, apiName: 'OffsetFetch', encode }, decode };
}

/** @throws the first error there is, as kafkajs does */
function decode(payload: Buffer): FetchedOffset[] {
  const reader = new ByteReader(payload);
  reader.tags(); // of the header
  reader.int32(); // throttle time
  let error = 0;
  const offsets = reader.compactArray((topics) => {
    const topic = topics.compactString() ?? '';
    const found = topics.compactArray((from): FetchedOffset => {
      const partition = from.int32();
      const offset = from.int64();
      from.int32(); // leader epoch
      const metadata = from.compactString();
      error ||= from.int16();
      from.tags();
      return { topic, partition, offset, metadata };
    });
    topics.tags();
    return found;
  });
  error = reader.int16() || error;
  if (error !== 0) throw protocolError(error);
  return offsets.flat();
}
