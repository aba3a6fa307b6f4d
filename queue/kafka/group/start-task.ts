/** How the Kafka driver runs a task. In this order, on each run: 1. earlier owners are fenced, 2. committed offsets are read, 3. the task begins. */
import type { GroupOptions } from '../../port.ts';
import { runTaskLoop } from '../../tasks/task-loop.ts';
import type { StartTask } from '../../tasks/task-run.ts';
import type { Cluster } from '../cluster/cluster.ts';
import { typeOf } from '../cluster/errors.ts';
import { retrying } from '../cluster/retry.ts';
import { closeQuietly, idempotentCommitter, transactionalCommitter } from './committer.ts';
import { KafkaTaskContext, type CommittedOffset } from './context.ts';
import { offsetFetchRequest, type OffsetFetchTopic } from '../wire/offset-fetch.ts';
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
  for (const [topic, offsets] of await committedOffsets(cluster, group, topics.map((topic) => ({ topic, partitions: [partition] })), 'waited for')) {
    const committed = offsets.get(partition);
    if (committed) found.set(topic, committed);
  }
  return found;
}

/**
 * By topic and partition; those without a committed offset are absent.
 *
 * @param settling transactions that are being completed: the coordinator of one has done its part when the offsets in it may not be seen yet. `waited for`:
 * for a task, which nobody else commits to any more. `a moment`: of many partitions some may always be in one; then those of before count.
 */
export function committedOffsets(
  cluster: Cluster,
  groupId: string,
  topics: readonly OffsetFetchTopic[],
  settling: 'waited for' | 'a moment' = 'a moment',
): Promise<Map<string, Map<number, CommittedOffset>>> {
  return cluster.retry(`Offsets of group ${groupId} cannot be read`, async () => {
    const link = cluster.to(await cluster.coordinator('group', groupId));
    const found = new Map<string, Map<number, CommittedOffset>>();
    for (const { topic, partition, offset, metadata } of await settled(cluster, settling, (stable) => link.send(offsetFetchRequest(groupId, topics, stable)))) {
      const of = found.get(topic) ?? new Map<number, CommittedOffset>();
      found.set(topic, of);
      if (offset >= 0) of.set(partition, { offset, metadata });
    }
    return found;
  });
}

/** A few milliseconds, mostly. */
const SETTLING = { initialMs: 2, maxMs: 20 };
const MOMENT_MS = 300;

async function settled<T>(cluster: Cluster, settling: 'waited for' | 'a moment', fetch: (stable: boolean) => Promise<T>): Promise<T> {
  const isUnstable = (error: unknown): boolean => typeOf(error) === 'UNSTABLE_OFFSET_COMMIT';
  const waits = settling === 'waited for';
  try {
    return await retrying({ what: 'Offsets are part of a transaction that is being completed', timeoutMs: waits ? cluster.settings.transactionTimeoutMs : MOMENT_MS, backoff: SETTLING, signal: cluster.signal, passing: isUnstable }, () => fetch(true));
  } catch (error) {
    if (waits || !isUnstable(error)) throw error;
    return fetch(false);
  }
}
