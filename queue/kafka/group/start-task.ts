/** How the Kafka driver runs a task. In this order, on each run: 1. earlier owners are fenced, 2. committed offsets are read, 3. the task begins. */
import type { GroupOptions } from '../../port.ts';
import { runTaskLoop } from '../../tasks/task-loop.ts';
import type { StartTask } from '../../tasks/task-run.ts';
import type { Cluster } from '../cluster/cluster.ts';
import { closeQuietly, idempotentCommitter, transactionalCommitter } from './committer.ts';
import { KafkaTaskContext, type CommittedOffset } from './context.ts';
import type { KafkaMembership } from './membership.ts';

export function startTask(cluster: Cluster, options: GroupOptions, partition: number, membership: KafkaMembership): StartTask {
  const { delivery, taskBackoff } = cluster.settings;
  return (signal, onSession) =>
    runTaskLoop({
      options,
      partition,
      signal,
      onSession,
      backoff: taskBackoff,
      onFenced: () => membership.confirmed(signal),
      open: async () => {
        const committer =
          delivery === 'transactional'
            ? await transactionalCommitter(cluster, options.group, partition, signal)
            : idempotentCommitter(cluster, membership.coordination, signal);
        try {
          const committed = await committedOf(cluster, options.group, options.topics, partition);
          return new KafkaTaskContext({ cluster, options, partition, signal, committer, committed });
        } catch (error) {
          closeQuietly(committer, cluster);
          throw error;
        }
      },
    });
}

async function committedOf(cluster: Cluster, group: string, topics: readonly string[], partition: number): Promise<Map<string, CommittedOffset>> {
  const found = new Map<string, CommittedOffset>();
  for (const [topic, offsets] of await committedOffsets(cluster, group, topics.map((topic) => ({ topic, partitions: [partition] })))) {
    const committed = offsets.get(partition);
    if (committed) found.set(topic, committed);
  }
  return found;
}

/** By topic and partition; those without a committed offset are absent. */
export function committedOffsets(
  cluster: Cluster,
  groupId: string,
  topics: readonly { topic: string; partitions: readonly number[] }[],
): Promise<Map<string, Map<number, CommittedOffset>>> {
  const asked = topics.map(({ topic, partitions }) => ({ topic, partitions: partitions.map((partition) => ({ partition })) }));
  return cluster.retry(`Offsets of group ${groupId} cannot be read`, async () => {
    const link = cluster.to(await cluster.coordinator('group', groupId));
    const { responses } = await link.call((broker) => broker.offsetFetch({ groupId, topics: asked }));
    return new Map(
      responses.map(({ topic, partitions }) => [
        topic,
        new Map(partitions.filter(({ offset }) => Number(offset) >= 0).map(({ partition, offset, metadata }) => [partition, { offset: Number(offset), metadata }])),
      ]),
    );
  });
}
