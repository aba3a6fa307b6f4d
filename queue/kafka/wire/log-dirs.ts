/** DescribeLogDirs, version 1 (Kafka 2.0 and later): bytes of each partition on a broker. kafkajs does not have it. */
import Encoder from 'kafkajs/src/protocol/encoder.js';

import { ByteReader } from './bytes.ts';
import type { WireRequest } from './request.ts';

export interface LogSize {
  readonly topic: string;
  readonly partition: number;
  readonly bytes: number;
}

export function logDirsRequest(topic: string, partitions: readonly number[]): WireRequest<LogSize[]> {
  const encode = (): Promise<Encoder> => Promise.resolve(new Encoder().writeInt32(1).writeString(topic).writeArray(partitions));
  return { request: { apiKey: 35, apiVersion: 1, apiName: 'DescribeLogDirs', encode }, decode };
}

function decode(payload: Buffer): LogSize[] {
  const reader = new ByteReader(payload);
  reader.int32(); // throttle time
  const directories = reader.array((from) => {
    from.int16(); // error
    from.string(); // path
    return from.array((topics) => {
      const topic = topics.string() ?? '';
      return topics.array((partitions): LogSize => {
        const size = { topic, partition: partitions.int32(), bytes: partitions.int64() };
        partitions.int64(); // lag of a replica that moves
        partitions.int8(); // whether it is one
        return size;
      });
    });
  });
  return directories.flat(2);
}
