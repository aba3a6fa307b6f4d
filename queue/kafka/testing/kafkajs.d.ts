// Kafkajs's own reader and writer of record batches, and its decoders of answers: what ours are compared with.

declare module 'kafkajs/src/protocol/recordBatch/v0/index.js' {
  import type Encoder from 'kafkajs/src/protocol/encoder.js';

  const module: { RecordBatch(options: object): Promise<Encoder> };
  export default module;
}

declare module 'kafkajs/src/protocol/recordBatch/v0/decoder.js' {
  import type Decoder from 'kafkajs/src/protocol/decoder.js';

  interface DecodedRecord {
    readonly offset: string;
    readonly timestamp: string;
    readonly key: Buffer | null;
    readonly value: Buffer | null;
    readonly headers: Readonly<Record<string, Buffer | Buffer[]>>;
  }
  export default function decode(decoder: Decoder): Promise<{
    readonly producerId: string;
    readonly producerEpoch: number;
    readonly firstSequence: number;
    readonly inTransaction: boolean;
    readonly maxTimestamp: string;
    readonly records: readonly DecodedRecord[];
  }>;
}

declare module 'kafkajs/src/protocol/recordBatch/record/v0/index.js' {
  import type Encoder from 'kafkajs/src/protocol/encoder.js';

  export default function record(options: { offsetDelta: number; timestampDelta: number; key: Buffer | null; value: Buffer | null; headers: Readonly<Record<string, string>> }): Encoder;
}
