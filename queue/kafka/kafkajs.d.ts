// The parts of kafkajs below its producer and consumer: connections, and the requests and responses of the protocol. They
// are not in its public types; its version is pinned.

declare module 'kafkajs/src/network/connection.js' {
  import type { Socket } from 'node:net';

  export default class Connection {
    constructor(options: object);
    readonly socket: Socket | undefined;
    connect(): Promise<boolean>;
    disconnect(): Promise<boolean>;
    isConnected(): boolean;
    isAuthenticated(): boolean;
    authenticate(): Promise<void>;
    setVersions(versions: object): void;
    setSupportAuthenticationProtocol(supported: boolean): void;
    getSupportAuthenticationProtocol(): boolean | null;
    send(request: object): Promise<unknown>;
    rejectRequests(error: Error): void;
  }
}

declare module 'kafkajs/src/broker/index.js' {
  type Id = string;
  interface OffsetOf {
    readonly partition: number;
    readonly offset: Id;
    readonly metadata?: string | null;
  }
  interface TopicOf<P> {
    readonly topic: string;
    readonly partitions: readonly P[];
  }
  interface Transaction {
    readonly transactionalId: string;
    readonly producerId: Id;
    readonly producerEpoch: number;
  }
  export default class Broker {
    constructor(options: object);
    readonly versions: Readonly<Record<number, { readonly minVersion: number; readonly maxVersion: number }>> | null;
    readonly lookupRequest: (apiKey: number, definition: object) => (options: object) => { request: object; response: { decode(data: unknown): Promise<unknown>; parse(data: unknown): Promise<unknown> } };
    isConnected(): boolean;
    connect(): Promise<void>;
    findGroupCoordinator(options: { groupId: string; coordinatorType: number }): Promise<{ coordinator: { nodeId: number; host: string; port: number } }>;
    joinGroup(options: {
      groupId: string;
      sessionTimeout: number;
      rebalanceTimeout: number;
      memberId: string;
      protocolType: string;
      groupProtocols: readonly { name: string; metadata: Buffer }[];
    }): Promise<{ generationId: number; leaderId: string; memberId: string; members: readonly { memberId: string; memberMetadata: Buffer }[] }>;
    syncGroup(options: {
      groupId: string;
      generationId: number;
      memberId: string;
      groupAssignment: readonly { memberId: string; memberAssignment: Buffer }[];
    }): Promise<{ memberAssignment: Buffer }>;
    heartbeat(options: { groupId: string; groupGenerationId: number; memberId: string }): Promise<unknown>;
    leaveGroup(options: { groupId: string; memberId: string }): Promise<unknown>;
    offsetCommit(options: { groupId: string; groupGenerationId: number; memberId: string; topics: readonly TopicOf<OffsetOf>[] }): Promise<unknown>;
    listOffsets(options: { replicaId: number; isolationLevel: number; topics: readonly TopicOf<{ partition: number; timestamp: number }>[] }): Promise<{
      responses: readonly TopicOf<{ partition: number; offset: Id }>[];
    }>;
    listGroups(): Promise<{ groups: readonly { groupId: string; protocolType: string }[] }>;
    describeGroups(options: { groupIds: readonly string[] }): Promise<{ groups: readonly { groupId: string; members: readonly object[]; state: string }[] }>;
    createTopics(options: { topics: readonly object[]; validateOnly: boolean; timeout: number }): Promise<unknown>;
    describeConfigs(options: { resources: readonly object[] }): Promise<{
      resources: readonly { resourceName: string; configEntries: readonly { configName: string; configValue: string; isDefault?: boolean; configSource?: number }[] }[];
    }>;
    initProducerId(options: { transactionalId: string | null; transactionTimeout: number }): Promise<{ producerId: Id; producerEpoch: number }>;
    addPartitionsToTxn(options: Transaction & { topics: readonly { topic: string; partitions: readonly number[] }[] }): Promise<unknown>;
    addOffsetsToTxn(options: Transaction & { groupId: string }): Promise<unknown>;
    txnOffsetCommit(options: Transaction & { groupId: string; topics: readonly TopicOf<OffsetOf>[] }): Promise<unknown>;
    endTxn(options: Transaction & { transactionResult: boolean }): Promise<unknown>;
  }
}

declare module 'kafkajs/src/protocol/requests/index.js' {
  const protocol: { readonly requests: Readonly<Record<'Metadata' | 'Produce' | 'Fetch', object>> };
  export default protocol;
}

declare module 'kafkajs/src/protocol/error.js' {
  const errors: { createErrorFromCode(code: number): Error };
  export default errors;
}

declare module 'kafkajs/src/protocol/encoder.js' {
  export default class Encoder {
    constructor(initialSize?: number);
    readonly buffer: Buffer;
    writeInt8(value: number): this;
    writeInt16(value: number): this;
    writeInt32(value: number): this;
    writeInt64(value: number | string): this;
    writeString(value: string | null): this;
    writeBytes(value: Uint8Array | null): this;
    writeBuffer(value: Buffer): this;
    writeEncoder(value: Encoder): this;
    writeArray(values: readonly (Encoder | number | string)[], type?: string): this;
    writeUVarInt(value: number): this;
    writeUVarIntString(value: string | null): this;
  }
}

declare module 'kafkajs/src/protocol/decoder.js' {
  export default class Decoder {
    constructor(buffer: Buffer);
    readInt8(): number;
    readInt16(): number;
    readInt32(): number;
    readInt64(): { toString(): string; toNumber(): number };
    readString(): string | null;
    readBytes(size?: number): Buffer | null;
    readArray<T>(read: (decoder: Decoder) => T): T[];
    readBoolean(): boolean;
    canReadBytes(size: number): boolean;
  }
}
