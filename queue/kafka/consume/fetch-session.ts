/**
 * Reads partitions ahead of who takes from them, with bounded memory: of each partition about `bufferBytes`, and no more is asked for until
 * some of it is taken. A partition nobody takes from holds back only itself. One request a broker is under way at a time, which the
 * broker answers as soon as there is anything.
 */
import { fail } from '#proto';
import type { RecordBatch } from '../../port.ts';
import type { Cluster } from '../cluster/cluster.ts';
import { LinkSet } from '../cluster/cluster.ts';
import { asQueueError, isPassing, protocolError, typeOf } from '../cluster/errors.ts';
import { backoffMs } from '../cluster/retry.ts';
import { fetchRequest, type FetchedPartition } from '../wire/fetch.ts';
import { decodeRecordSet } from '../wire/record-batch.ts';
import { Inlet } from './inlet.ts';
import { EARLIEST, LATEST, offsetsAt } from './offsets.ts';

export interface TakeLimits {
  readonly maxRecords: number;
  readonly maxBytes: number;
}

const OUT_OF_RANGE = 'OFFSET_OUT_OF_RANGE';
/** A topic that was there and is not is believed to be gone after so many answers. */
const NEWS_TRIES = 6;

export class FetchSession {
  readonly #cluster: Cluster;
  readonly #links: LinkSet;
  readonly #inlets: Inlet[] = [];
  readonly #nodes = new Set<number>();
  readonly #maxBytes: number;
  #closed = false;
  #timer: NodeJS.Timeout | undefined;
  #scheduled = false;
  #wakers: (() => void)[] = [];
  /** Where the next look for records begins, so that all partitions have their turn. */
  #turn = 0;

  /** @param maxBytes of one partition, @default bufferBytes of the settings */
  constructor(cluster: Cluster, maxBytes = cluster.settings.bufferBytes) {
    this.#cluster = cluster;
    this.#links = new LinkSet(cluster);
    this.#maxBytes = maxBytes;
  }

  get inlets(): readonly Inlet[] {
    return this.#inlets;
  }

  /** Reads from `offset` on; what was read before and not taken is dropped. */
  seek(topic: string, partition: number, offset: number): void {
    const known = this.#inlets.find((inlet) => inlet.topic === topic && inlet.partition === partition);
    if (known) known.seek(offset);
    else this.#inlets.push(new Inlet(topic, partition, offset));
    this.#schedule();
  }

  /** The next batch of one of the partitions; undefined when nothing is there. Throws what ended the reading of one. */
  take(limits: TakeLimits, wanted: (inlet: Inlet) => boolean = () => true): RecordBatch | undefined {
    const count = this.#inlets.length;
    for (let i = 0; i < count; i++) {
      const inlet = this.#inlets[(this.#turn + i) % count]!;
      if (!wanted(inlet)) continue;
      if (inlet.waiting > 0) {
        this.#turn = (this.#turn + i + 1) % count;
        const batch = inlet.take(limits.maxRecords, limits.maxBytes);
        this.#schedule();
        return batch;
      }
      if (inlet.error) throw inlet.error;
    }
    return undefined;
  }

  /** Resolves when something happened, or after `ms`. Look again then: it may not be what you wait for. */
  changed(ms: number, signal?: AbortSignal): Promise<void> {
    if (this.#closed || signal?.aborted === true) return Promise.resolve();
    return new Promise((resolve) => {
      const done = (): void => {
        clearTimeout(timer);
        signal?.removeEventListener('abort', done);
        resolve();
      };
      const timer = setTimeout(done, Math.min(ms, 0x7fff_ffff));
      signal?.addEventListener('abort', done, { once: true });
      this.#wakers.push(done);
    });
  }

  /** Wakes those who wait. */
  wake(): void {
    const wakers = this.#wakers;
    this.#wakers = [];
    for (const waker of wakers) waker();
  }

  close(): void {
    this.#closed = true;
    clearTimeout(this.#timer);
    this.#links.close();
    this.wake();
  }

  #schedule(): void {
    if (this.#scheduled || this.#closed) return;
    this.#scheduled = true;
    setImmediate(() => {
      this.#scheduled = false;
      this.#pump();
    });
  }

  #pump(): void {
    if (this.#closed) return;
    const now = performance.now();
    const ready = new Map<number, Inlet[]>();
    let wake = Infinity;
    for (const inlet of this.#inlets) {
      if (inlet.asked || inlet.error || inlet.bytes >= this.#maxBytes) continue;
      if (inlet.retryAt > now) {
        wake = Math.min(wake, inlet.retryAt);
        continue;
      }
      const leader = this.#cluster.leaderOf(inlet.topic, inlet.partition);
      if (leader === undefined) {
        this.#later(inlet, protocolError(5));
        wake = Math.min(wake, inlet.retryAt);
      } else if (!this.#nodes.has(leader)) ready.set(leader, [...(ready.get(leader) ?? []), inlet]);
    }
    for (const [node, inlets] of ready) void this.#fetch(node, inlets);
    clearTimeout(this.#timer);
    if (wake < Infinity) this.#timer = setTimeout(() => { this.#pump(); }, Math.max(1, wake - now));
  }

  async #fetch(node: number, inlets: readonly Inlet[]): Promise<void> {
    const { fetchWaitMs } = this.#cluster.settings;
    this.#nodes.add(node);
    const turns = inlets.map((inlet) => inlet.turn);
    for (const inlet of inlets) inlet.asked = true;
    try {
      const targets = inlets.map(({ topic, partition, position }) => ({ topic, partition, offset: position, maxBytes: this.#maxBytes }));
      const limits = { maxWaitMs: fetchWaitMs, maxBytes: this.#maxBytes * 4 };
      const { errorCode, partitions } = await this.#links.to(node).send(fetchRequest(targets, limits), fetchWaitMs);
      if (errorCode !== 0) throw protocolError(errorCode);
      for (const inlet of inlets) inlet.asked = false;
      inlets.forEach((inlet, i) => {
        const answer = partitions.find(({ topic, partition }) => topic === inlet.topic && partition === inlet.partition);
        if (answer && inlet.turn === turns[i]) this.#receive(inlet, answer);
      });
    } catch (error) {
      for (const inlet of inlets) this.#failed(inlet, error);
    } finally {
      for (const inlet of inlets) inlet.asked = false;
      this.#nodes.delete(node);
      this.wake();
      this.#schedule();
    }
  }

  #receive(inlet: Inlet, { topic, partition, errorCode, lastStableOffset, aborted, set }: FetchedPartition): void {
    if (errorCode !== 0) {
      this.#failed(inlet, protocolError(errorCode));
      return;
    }
    try {
      const { records, nextOffset } = decodeRecordSet(set, { topic, partition, from: inlet.position }, aborted);
      inlet.push(records, nextOffset, lastStableOffset);
    } catch (error) {
      inlet.error = asQueueError(error, `${topic}/${partition} cannot be read`);
    }
  }

  #failed(inlet: Inlet, error: unknown): void {
    if (this.#closed) return;
    const type = typeOf(error);
    if (type === OUT_OF_RANGE) {
      inlet.asked = true;
      void this.#outOfRange(inlet, inlet.turn);
    } else if (isPassing(error) || (type === 'UNKNOWN_TOPIC_OR_PARTITION' && inlet.failures < NEWS_TRIES)) this.#later(inlet, error);
    else inlet.error = asQueueError(error, `${inlet.topic}/${inlet.partition} cannot be read`);
  }

  /** Before the beginning: gone for good. Past the end: a leader that has not caught up yet, or a log that was cut off. */
  async #outOfRange(inlet: Inlet, turn: number): Promise<void> {
    const { topic, partition, position } = inlet;
    try {
      const earliest = (await offsetsAt(this.#cluster, topic, [partition], EARLIEST)).get(partition)!;
      const end = (await offsetsAt(this.#cluster, topic, [partition], LATEST)).get(partition)!;
      if (inlet.turn !== turn) return;
      if (position >= earliest && (position <= end || inlet.failures < NEWS_TRIES)) {
        this.#later(inlet, protocolError(1));
        return;
      }
      inlet.error = fail('POSITION_EXPIRED', `${topic}/${partition} is kept from offset ${earliest} to ${end}; ${position} was asked for.`, {
        details: { topic, partition, earliest, end, position },
      });
    } catch (error) {
      if (inlet.turn === turn) inlet.error = asQueueError(error, `${topic}/${partition} cannot be read`);
    } finally {
      inlet.asked = false;
      this.wake();
      this.#schedule();
    }
  }

  #later(inlet: Inlet, error: unknown): void {
    const delayMs = backoffMs(inlet.failures++, this.#cluster.settings.backoff);
    inlet.retryAt = performance.now() + delayMs;
    this.#cluster.settings.events.onRetry?.(`Reading ${inlet.topic}/${inlet.partition}`, error as Error, delayMs);
    this.#cluster.suspect(error);
  }
}
