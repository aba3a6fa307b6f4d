/**
 * Transactions of one task. A commit goes, in this order:
 *
 * 1. the partitions of its outputs are added to the transaction;
 * 2. outputs are written, and beside them the offsets are added and written;
 * 3. the transaction ends.
 *
 * Whatever fails in between, nothing of it becomes visible: who comes next fences this producer, which aborts what it had begun. When the
 * answer to 3 is lost it is asked again, and the coordinator answers the same; when even that fails the outcome is settled by the
 * next `open`, before committed offsets are read.
 */
import { fail, type ForetickError } from '#proto';
import type { Cluster } from '../cluster/cluster.ts';
import { LinkSet } from '../cluster/cluster.ts';
import { isPassing, typeOf } from '../cluster/errors.ts';
import type { Link } from '../cluster/link.ts';
import { retrying } from '../cluster/retry.ts';
import type { Prepared } from './prepare.ts';
import { sendPrepared } from './producer.ts';
import { Sender } from './sender.ts';

/** An offset with its note, of one input topic of the task. */
export interface OffsetEntry {
  readonly topic: string;
  readonly partition: number;
  readonly offset: number;
  readonly metadata: string;
}

/** The transaction before is being completed: a few milliseconds, and the usual pause would be most of a commit's time. */
const CONCURRENT_BACKOFF = { initialMs: 2, maxMs: 50 };
const ABORT_TIMEOUT_MS = 2_000;

export class TransactionalProducer {
  readonly #cluster: Cluster;
  readonly #id: string;
  readonly #links: LinkSet;
  readonly #producerId: string;
  readonly #producerEpoch: number;
  readonly #sender: Sender;
  #failure: ForetickError | undefined;
  #begun = false;

  private constructor(cluster: Cluster, links: LinkSet, id: string, identity: { producerId: string; producerEpoch: number }) {
    this.#cluster = cluster;
    this.#links = links;
    this.#id = id;
    this.#producerId = identity.producerId;
    this.#producerEpoch = identity.producerEpoch;
    this.#sender = new Sender(cluster, {
      transactionalId: id,
      identify: () => Promise.resolve({ producerId: BigInt(identity.producerId), producerEpoch: identity.producerEpoch }),
      timeoutMs: cluster.settings.transactionTimeoutMs,
    });
  }

  /** Fences whoever had this id, and waits until its last transaction is completed or aborted. */
  static async open(cluster: Cluster, id: string, signal: AbortSignal): Promise<TransactionalProducer> {
    const links = new LinkSet(cluster);
    const { transactionTimeoutMs } = cluster.settings;
    try {
      const identity = await cluster.retry(
        `${id} cannot be taken over`,
        () =>
          patient(cluster, async () => {
            const link = await coordinatorOf(cluster, links, id);
            return link.call((broker) => broker.initProducerId({ transactionalId: id, transactionTimeout: transactionTimeoutMs }), transactionTimeoutMs);
          }),
        { signal },
      );
      return new TransactionalProducer(cluster, links, id, identity);
    } catch (error) {
      links.close();
      throw error;
    }
  }

  /** All or nothing. After a failure the producer is of no use any more. FENCED when another has taken over. */
  async commit(outputs: Prepared, group: string, offsets: readonly OffsetEntry[]): Promise<void> {
    if (this.#failure) throw this.#failure;
    try {
      this.#begun = true;
      if (outputs.shares.length > 0) await this.#addPartitions(outputs);
      const written = await Promise.allSettled([sendPrepared(this.#sender, outputs), this.#writeOffsets(group, offsets)]);
      for (const result of written) if (result.status === 'rejected') throw result.reason;
      await this.#end(true);
      this.#begun = false;
    } catch (error) {
      this.#failure = error as ForetickError;
      throw error;
    }
  }

  /** Leaves nothing open behind, as far as brokers answer; then closes. */
  async close(): Promise<void> {
    const aborting = this.#begun && this.#failure?.code !== 'FENCED';
    this.#failure ??= fail('FENCED', `The producer ${this.#id} is closed.`);
    this.#sender.close(this.#failure);
    try {
      if (aborting) await this.#end(false, ABORT_TIMEOUT_MS);
    } finally {
      this.#links.close();
    }
  }

  #addPartitions({ shares }: Prepared): Promise<unknown> {
    const topics = new Map<string, number[]>();
    for (const { topic, partition } of shares) topics.set(topic, [...(topics.get(topic) ?? []), partition]);
    const list = [...topics].map(([topic, partitions]) => ({ topic, partitions }));
    return this.#coordinate('Partitions cannot be added to the transaction', (link, transaction) =>
      link.call((broker) => broker.addPartitionsToTxn({ ...transaction, topics: list })),
    );
  }

  async #writeOffsets(groupId: string, offsets: readonly OffsetEntry[]): Promise<void> {
    if (offsets.length === 0) return;
    await this.#coordinate('Offsets cannot be added to the transaction', (link, transaction) => link.call((broker) => broker.addOffsetsToTxn({ ...transaction, groupId })));
    const topics = offsets.map(({ topic, partition, offset, metadata }) => ({ topic, partitions: [{ partition, offset: String(offset), metadata }] }));
    await this.#cluster.retry(
      'Offsets cannot be written',
      async () => {
        const link = this.#links.to(await this.#cluster.coordinator('group', groupId));
        await link.call((broker) => broker.txnOffsetCommit({ ...this.#transaction, groupId, topics }));
      },
      { timeoutMs: this.#cluster.settings.transactionTimeoutMs },
    );
  }

  #end(commit: boolean, timeoutMs?: number): Promise<unknown> {
    return this.#coordinate(
      'The transaction cannot be ended',
      (link, transaction) => link.call((broker) => broker.endTxn({ ...transaction, transactionResult: commit })),
      timeoutMs,
    );
  }

  get #transaction(): { transactionalId: string; producerId: string; producerEpoch: number } {
    return { transactionalId: this.#id, producerId: this.#producerId, producerEpoch: this.#producerEpoch };
  }

  /** The time a transaction may take is the time there is: later the coordinator has aborted it. */
  #coordinate<T>(what: string, ask: (link: Link, transaction: { transactionalId: string; producerId: string; producerEpoch: number }) => Promise<T>, timeoutMs = this.#cluster.settings.transactionTimeoutMs): Promise<T> {
    return this.#cluster.retry(
      `${what} (${this.#id})`,
      () => patient(this.#cluster, async () => ask(await coordinatorOf(this.#cluster, this.#links, this.#id), this.#transaction)),
      { timeoutMs },
    );
  }
}

async function coordinatorOf(cluster: Cluster, links: LinkSet, id: string): Promise<Link> {
  return links.to(await cluster.coordinator('transaction', id));
}

function patient<T>(cluster: Cluster, attempt: () => Promise<T>): Promise<T> {
  return retrying(
    {
      what: 'The transaction before is still being completed',
      timeoutMs: cluster.settings.transactionTimeoutMs,
      backoff: CONCURRENT_BACKOFF,
      signal: cluster.signal,
      passing: (error) => typeOf(error) === 'CONCURRENT_TRANSACTIONS' && isPassing(error),
    },
    async () => attempt(),
  );
}
