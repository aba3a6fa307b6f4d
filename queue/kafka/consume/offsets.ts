/** Offsets of partitions by time. */
import { fail } from '#proto';
import type { PartitionOffsets } from '../../port.ts';
import type { Cluster } from '../cluster/cluster.ts';

export const READ_UNCOMMITTED = 0;
const READ_COMMITTED = 1;
export const EARLIEST = -2;
export const LATEST = -1;

/**
 * Of each partition: the offset at `timestamp` (milliseconds, or EARLIEST or LATEST); negative when nothing is as young.
 *
 * @param isolationLevel LATEST is before the first open transaction, or, READ_UNCOMMITTED, behind everything
 */
export async function offsetsAt(cluster: Cluster, topic: string, partitions: readonly number[], timestamp: number, isolationLevel = READ_COMMITTED): Promise<Map<number, number>> {
  return cluster.retry(`Offsets of ${topic} are not known`, async () => {
    await cluster.partitionsOf(topic);
    const byLeader = new Map<number, number[]>();
    for (const partition of partitions) {
      const leader = cluster.leaderOf(topic, partition);
      if (leader === undefined) throw fail('QUEUE_UNAVAILABLE', `${topic}/${partition} has no leader now.`);
      byLeader.set(leader, [...(byLeader.get(leader) ?? []), partition]);
    }
    const found = new Map<number, number>();
    for (const [leader, list] of byLeader) {
      const request = { replicaId: -1, isolationLevel, topics: [{ topic, partitions: list.map((partition) => ({ partition, timestamp })) }] };
      const { responses } = await cluster.to(leader).call((broker) => broker.listOffsets(request));
      for (const { partitions: answers } of responses) for (const { partition, offset } of answers) found.set(partition, Number(offset));
    }
    return found;
  });
}

export async function extentsOf(cluster: Cluster, topic: string): Promise<PartitionOffsets[]> {
  const count = await cluster.retry(`Topic ${topic} is not known`, () => cluster.partitionsOf(topic));
  const partitions = Array.from({ length: count }, (_, partition) => partition);
  const earliest = await offsetsAt(cluster, topic, partitions, EARLIEST);
  const end = await offsetsAt(cluster, topic, partitions, LATEST);
  return partitions.map((partition) => ({ partition, earliest: earliest.get(partition)!, end: end.get(partition)! }));
}
