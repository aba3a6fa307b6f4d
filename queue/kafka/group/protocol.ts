/**
 * What members of a group tell each other through the coordinator, in the layout of Kafka's consumer protocol, so that Kafka's own tools
 * show it: the input topics, and behind them what the member has, for our assignor.
 */
import { createHash } from 'node:crypto';
import Encoder from 'kafkajs/src/protocol/encoder.js';

import { assignTasks } from '../../assignor.ts';
import { ByteReader } from '../wire/bytes.ts';

/** Members of other topics have another protocol, and the coordinator does not let them in. */
export function protocolName(topics: readonly string[]): string {
  const digest = createHash('sha256').update([...topics].sort().join('\n')).digest('hex').slice(0, 12);
  return `foretick-sticky-1-${digest}`;
}

export interface MemberState {
  /** Partitions the member runs, or has not finished giving up. */
  readonly owned: readonly number[];
  /** Generation in which it got them; -1: none. */
  readonly generation: number;
}

export function encodeState(topics: readonly string[], { owned, generation }: MemberState): Buffer {
  const state = new Encoder().writeInt32(generation).writeArray(owned);
  return new Encoder().writeInt16(0).writeArray(topics).writeBytes(state.buffer).buffer;
}

/** Of a member whose words are not understood nothing is taken for its own. */
export function decodeState(metadata: Buffer): MemberState {
  try {
    const reader = new ByteReader(metadata);
    reader.int16();
    reader.array((from) => from.string());
    const state = new ByteReader(reader.bytes());
    return { generation: state.int32(), owned: state.array((from) => from.int32()) };
  } catch (error) {
    if (error instanceof RangeError) return { generation: -1, owned: [] };
    throw error;
  }
}

export function encodeAssignment(topics: readonly string[], partitions: readonly number[]): Buffer {
  const encoder = new Encoder().writeInt16(0).writeInt32(topics.length);
  for (const topic of topics) encoder.writeString(topic).writeArray(partitions);
  return encoder.writeBytes(null).buffer;
}

/** Partitions; those of all topics are the same. */
export function decodeAssignment(assignment: Buffer): number[] {
  if (assignment.length === 0) return [];
  const reader = new ByteReader(assignment);
  reader.int16();
  const topics = reader.array((from) => ({ topic: from.string(), partitions: from.array((ids) => ids.int32()) }));
  return topics[0]?.partitions ?? [];
}

/**
 * What each member may run in this generation. A partition that is to move is nobody's until its owner has given it up, which it says by
 * joining again: so a live owner always stops first, and a task that stays is never interrupted (Kafka's cooperative rebalancing, KIP-429).
 */
export function planAssignment(partitions: number, members: readonly { readonly id: string; readonly state: MemberState }[]): Map<string, number[]> {
  const owners = new Map<number, { id: string; generation: number }>();
  // Ties go as the assignor's do.
  for (const { id, state } of members.toSorted((a, b) => (a.id < b.id ? -1 : 1))) {
    for (const partition of state.owned) {
      const other = owners.get(partition);
      if (other === undefined || other.generation < state.generation) owners.set(partition, { id, generation: state.generation });
    }
  }
  const target = assignTasks(partitions, members.map(({ id, state }) => ({ id, owned: state.owned, generation: state.generation })));
  const free = (partition: number, id: string): boolean => (owners.get(partition)?.id ?? id) === id;
  return new Map([...target].map(([id, list]) => [id, list.filter((partition) => free(partition, id))]));
}
