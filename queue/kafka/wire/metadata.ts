/** Metadata, version 5 (Kafka 1.0 and later), in which errors of one topic do not hide the others. Creates no topic. */
import Encoder from 'kafkajs/src/protocol/encoder.js';

import { ByteReader } from './bytes.ts';
import type { WireRequest } from './request.ts';

export interface NodeAddress {
  readonly id: number;
  readonly host: string;
  readonly port: number;
}

export interface TopicMetadata {
  readonly topic: string;
  readonly errorCode: number;
  readonly internal: boolean;
  /** Node of each partition's leader; negative: none now. */
  readonly leaders: readonly number[];
  readonly replicas: readonly number[];
}

export interface ClusterMetadata {
  readonly nodes: readonly NodeAddress[];
  readonly controller: number;
  readonly topics: readonly TopicMetadata[];
}

/** @param topics null: all */
export function metadataRequest(topics: readonly string[] | null): WireRequest<ClusterMetadata> {
  const encode = (): Promise<Encoder> => {
    const encoder = new Encoder();
    if (topics === null) encoder.writeInt32(-1);
    else encoder.writeArray(topics);
    return Promise.resolve(encoder.writeInt8(0));
  };
  return { request: { apiKey: 3, apiVersion: 5, apiName: 'Metadata', encode }, decode };
}

function decode(payload: Buffer): ClusterMetadata {
  const reader = new ByteReader(payload);
  reader.int32(); // throttle time
  const nodes = reader.array((from) => {
    const node = { id: from.int32(), host: from.string() ?? '', port: from.int32() };
    from.string(); // rack
    return node;
  });
  reader.string(); // cluster
  const controller = reader.int32();
  return { nodes, controller, topics: reader.array(decodeTopic) };
}

function decodeTopic(reader: ByteReader): TopicMetadata {
  const errorCode = reader.int16();
  const topic = reader.string() ?? '';
  const internal = reader.int8() !== 0;
  const leaders: number[] = [];
  const replicas: number[] = [];
  reader.array((from) => {
    from.int16(); // error
    const partition = from.int32();
    leaders[partition] = from.int32();
    replicas[partition] = from.array((ids) => ids.int32()).length;
    from.array((ids) => ids.int32()); // in sync
    from.array((ids) => ids.int32()); // offline
  });
  return { topic, errorCode, internal, leaders, replicas };
}
