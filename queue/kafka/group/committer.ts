/** How the commits of a task reach the brokers: in transactions, or outputs first and offsets after. */
import { fail, hasCode } from '#proto';
import type { Cluster } from '../cluster/cluster.ts';
import { typeOf } from '../cluster/errors.ts';
import type { Prepared } from '../produce/prepare.ts';
import { identify, sendPrepared } from '../produce/producer.ts';
import { Sender } from '../produce/sender.ts';
import { TransactionalProducer, type OffsetEntry } from '../produce/transaction.ts';
import type { Coordination } from './coordination.ts';

export interface Committer {
  /** FENCED when the task is another's. After an error it is of no use any more. */
  commit(outputs: Prepared, offsets: readonly OffsetEntry[]): Promise<void>;
  close(): Promise<void>;
}

/** Fences whoever had the task before. One id for each task of a group: offsets in a transaction have no other protection. */
export async function transactionalCommitter(cluster: Cluster, group: string, partition: number, signal: AbortSignal): Promise<Committer> {
  const producer = await TransactionalProducer.open(cluster, `${group}/${partition}`, signal);
  return {
    commit: (outputs, offsets) => producer.commit(outputs, group, offsets),
    close: () => producer.close(),
  };
}

/** A commit is fenced by the generation of the member: one that is not a member any more cannot move offsets. */
export function idempotentCommitter(cluster: Cluster, coordination: Coordination, signal: AbortSignal): Committer {
  const { deliveryTimeoutMs } = cluster.settings;
  const sender = new Sender(cluster, { transactionalId: null, identify: () => identify(cluster), timeoutMs: deliveryTimeoutMs });
  const { group } = coordination;
  const writeOffsets = (offsets: readonly OffsetEntry[]): Promise<unknown> =>
    cluster.retry(
      'Offsets cannot be written',
      async () => {
        const node = await cluster.coordinator('group', group);
        const topics = offsets.map(({ topic, partition, offset, metadata }) => ({ topic, partitions: [{ partition, offset: String(offset), metadata }] }));
        try {
          await cluster.to(node).call((broker) => broker.offsetCommit({ groupId: group, ...coordination.identity, topics }));
        } catch (error) {
          // The member may be on its way into the next generation with the task: then its next number is as good.
          const moving = typeOf(error) === 'REBALANCE_IN_PROGRESS' || (typeOf(error) === 'ILLEGAL_GENERATION' && !signal.aborted);
          throw moving ? fail('QUEUE_UNAVAILABLE', 'The group is being rebalanced.', { cause: error }) : error;
        }
      },
      { timeoutMs: cluster.settings.transactionTimeoutMs },
    );
  return {
    commit: async (outputs, offsets) => {
      await sendPrepared(sender, outputs);
      if (offsets.length > 0) await writeOffsets(offsets);
    },
    close: () => {
      sender.close(fail('FENCED', `The task is over (group ${group}).`));
      return Promise.resolve();
    },
  };
}

/** Closing is best effort: what is left open behind is aborted by the next owner, or by the brokers in time. */
export function closeQuietly(committer: Committer, cluster: Cluster): void {
  committer.close().catch((error: unknown) => {
    if (!hasCode(error, 'FENCED')) cluster.settings.events.onRetry?.('Closing a producer', error as Error, 0);
  });
}
