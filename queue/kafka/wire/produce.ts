/** Produce, version 7 (Kafka 2.1 and later), with record batches that are encoded already: a retry sends the same bytes. */
import Encoder from 'kafkajs/src/protocol/encoder.js';

import { ByteReader } from './bytes.ts';
import type { WireRequest } from './request.ts';

export interface ProducedBatch {
  readonly topic: string;
  readonly partition: number;
  readonly bytes: Buffer;
}

export interface ProduceAnswer {
  readonly topic: string;
  readonly partition: number;
  readonly errorCode: number;
  readonly baseOffset: number;
}

const ALL_REPLICAS = -1;

/** @param batches at most one of each partition */
export function produceRequest(transactionalId: string | null, batches: readonly ProducedBatch[], timeoutMs: number): WireRequest<ProduceAnswer[]> {
  const topics = new Map<string, ProducedBatch[]>();
  for (const batch of batches) {
    const list = topics.get(batch.topic) ?? [];
    if (list.length === 0) topics.set(batch.topic, list);
    list.push(batch);
  }
  const encode = (): Promise<Encoder> => {
    const encoder = new Encoder(batches.reduce((sum, { bytes }) => sum + bytes.length + 64, 256));
    encoder.writeString(transactionalId).writeInt16(ALL_REPLICAS).writeInt32(timeoutMs).writeInt32(topics.size);
    for (const [topic, list] of topics) {
      encoder.writeString(topic).writeInt32(list.length);
      for (const { partition, bytes } of list) encoder.writeInt32(partition).writeBytes(bytes);
    }
    return Promise.resolve(encoder);
  };
  return { request: { apiKey: 0, apiVersion: 7, apiName: 'Produce', encode }, decode };
}

function decode(payload: Buffer): ProduceAnswer[] {
  const answers = new ByteReader(payload).array((topics) => {
    const topic = topics.string() ?? '';
    return topics.array((reader): ProduceAnswer => {
      const answer = { topic, partition: reader.int32(), errorCode: reader.int16(), baseOffset: reader.int64() };
      reader.position += 16; // log append time, log start offset
      return answer;
    });
  });
  return answers.flat();
}
