/** A member's talk with the coordinator of its group: join, sync, heartbeats, leave. One connection of its own, since a join may wait long. */
import { fail } from '#proto';
import type { Cluster } from '../cluster/cluster.ts';
import { LinkSet } from '../cluster/cluster.ts';
import type Broker from 'kafkajs/src/broker/index.js';
import { decodeAssignment, decodeState, encodeAssignment, encodeState, planAssignment, protocolName, type MemberState } from './protocol.ts';

export interface Joined {
  readonly generation: number;
  readonly partitions: readonly number[];
}

export class Coordination {
  readonly group: string;
  readonly #cluster: Cluster;
  readonly #topics: readonly string[];
  readonly #partitions: number;
  /** Joins wait on one connection, heartbeats must not wait behind them. */
  readonly #links: LinkSet;
  #memberId = '';
  #generation = -1;

  constructor(cluster: Cluster, group: string, topics: readonly string[], partitions: number) {
    this.#cluster = cluster;
    this.#links = new LinkSet(cluster);
    this.group = group;
    this.#topics = topics;
    this.#partitions = partitions;
  }

  /** Who the member is to the coordinator, for commits of offsets. */
  get identity(): { memberId: string; groupGenerationId: number } {
    return { memberId: this.#memberId, groupGenerationId: this.#generation };
  }

  /** Waits until all members have joined again, at most `rebalanceTimeoutMs`. INVALID_REQUEST when the others read other topics. */
  async join(state: MemberState, rebalanceTimeoutMs: number): Promise<Joined> {
    const { sessionTimeoutMs } = this.#cluster.settings;
    const answer = await this.#ask(
      (broker) =>
        broker.joinGroup({
          groupId: this.group,
          sessionTimeout: sessionTimeoutMs,
          rebalanceTimeout: rebalanceTimeoutMs,
          memberId: this.#memberId,
          protocolType: 'consumer',
          groupProtocols: [{ name: protocolName(this.#topics), metadata: encodeState(this.#topics, state) }],
        }),
      rebalanceTimeoutMs,
    );
    this.#memberId = answer.memberId;
    this.#generation = answer.generationId;
    const leads = answer.leaderId === answer.memberId;
    const members = leads ? answer.members.map(({ memberId, memberMetadata }) => ({ id: memberId, state: decodeState(memberMetadata) })) : [];
    const plan = planAssignment(this.#partitions, members);
    const groupAssignment = [...plan].map(([memberId, partitions]) => ({ memberId, memberAssignment: encodeAssignment(this.#topics, partitions) }));
    const request = { groupId: this.group, generationId: this.#generation, memberId: this.#memberId, groupAssignment };
    const { memberAssignment } = await this.#ask((broker) => broker.syncGroup(request), rebalanceTimeoutMs);
    return { generation: this.#generation, partitions: decodeAssignment(memberAssignment) };
  }

  async heartbeat(): Promise<void> {
    await this.#ask((broker) => broker.heartbeat({ groupId: this.group, ...this.identity }));
  }

  async leave(): Promise<void> {
    if (this.#memberId === '') return;
    await this.#ask((broker) => broker.leaveGroup({ groupId: this.group, memberId: this.#memberId }));
  }

  /** The coordinator does not know the member any more: it joins as a new one. */
  forget(): void {
    this.#memberId = '';
    this.#generation = -1;
  }

  close(): void {
    this.#links.close();
  }

  async #ask<T>(ask: (broker: Broker) => Promise<T>, timeoutMs = 0): Promise<T> {
    const node = await this.#cluster.coordinator('group', this.group);
    try {
      return await this.#links.to(node).call(ask, timeoutMs);
    } catch (error) {
      if ((error as { type?: string }).type !== 'INCONSISTENT_GROUP_PROTOCOL') throw error;
      throw fail('INVALID_REQUEST', `The members of group "${this.group}" read other topics than ${this.#topics.join(', ')}; one that reads these cannot join.`, { cause: error });
    }
  }
}
