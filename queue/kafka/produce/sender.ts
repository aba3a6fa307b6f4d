/**
 * Sends batches so that none is lost, doubled or out of order, whatever a broker or a connection does:
 *
 * 1. every batch has a producer id and a sequence number, and keeps both and its bytes over all tries;
 * 2. a partition has at most one batch under way; the next one is made when its answer is known;
 * 3. the answer of each partition counts on its own: one that is missing or passing is tried again, alone;
 * 4. a batch that is given up leaves an unknown end behind: its partition goes on with a new producer id.
 *
 * kafkajs's own producer breaks 3 when a leader dies and 2 when an answer is lost.
 */
import { fail } from '#proto';
import type { Cluster } from '../cluster/cluster.ts';
import { LinkSet } from '../cluster/cluster.ts';
import { asQueueError, isConnectionError, isPassing, protocolError, typeOf } from '../cluster/errors.ts';
import { backoffMs } from '../cluster/retry.ts';
import { CODEC_NUMBERS } from '../wire/compression.ts';
import { produceRequest, type ProduceAnswer } from '../wire/produce.ts';
import { encodeBatch, type WireRecord } from '../wire/record-batch.ts';
import { Lane, parcelsOf, sequenceAfter, type Parcel } from './batch.ts';

export interface ProducerIdentity {
  readonly producerId: bigint;
  readonly producerEpoch: number;
}

export interface SenderOptions {
  /** Null: not transactional. */
  readonly transactionalId: string | null;
  /** A fresh identity: for each partition at first, and after a batch was given up. */
  readonly identify: () => Promise<ProducerIdentity>;
  readonly timeoutMs: number;
}

/** Below the 1 MiB that brokers accept unless told otherwise. */
const BATCH_BYTES = 900 * 1024;
/** Of all partitions of one request. */
const REQUEST_BYTES = 8 * 1024 * 1024;
/** The broker has the batch, and more of its like after it. */
const DUPLICATE = 'DUPLICATE_SEQUENCE_NUMBER';
/** The broker has forgotten the producer, which it does when nothing of it is left in the log. */
const FORGOTTEN = 'UNKNOWN_PRODUCER_ID';
const OUT_OF_ORDER = 'OUT_OF_ORDER_SEQUENCE_NUMBER';
/** The leader of a topic just made may not have heard of it. */
const NEWS_TRIES = 8;

export class Sender {
  readonly #cluster: Cluster;
  readonly #options: SenderOptions;
  readonly #links: LinkSet;
  readonly #lanes = new Map<string, Lane>();
  /** Lanes that have something to send. */
  readonly #busy = new Set<Lane>();
  /** Nodes with a request under way. */
  readonly #nodes = new Set<number>();
  #scheduled = false;
  #timer: NodeJS.Timeout | undefined;
  #failure: Error | undefined;
  #identity: Promise<ProducerIdentity> | undefined;

  constructor(cluster: Cluster, options: SenderOptions) {
    this.#cluster = cluster;
    this.#options = options;
    this.#links = new LinkSet(cluster);
  }

  /**
   * Resolves to the offsets of the records, in their order. Records of one partition are appended in the order of the calls.
   *
   * @param expiresAt when they are given up, by `performance.now()`. @default after `timeoutMs`
   */
  async send(topic: string, partition: number, records: readonly WireRecord[], expiresAt = performance.now() + this.#options.timeoutMs): Promise<number[]> {
    if (this.#failure) throw this.#failure;
    const parcels = parcelsOf(records, BATCH_BYTES, expiresAt);
    const lane = this.#lane(topic, partition);
    lane.waiting.push(...parcels);
    this.#busy.add(lane);
    this.#schedule();
    // All are waited for, so that nobody is left with a rejection that no one hears.
    const settled = await Promise.allSettled(parcels.map(({ delivered }) => delivered));
    const offsets: number[] = [];
    settled.forEach((result, i) => {
      if (result.status === 'rejected') throw result.reason;
      for (let n = 0; n < parcels[i]!.records.length; n++) offsets.push(result.value + n);
    });
    return offsets;
  }

  /** Gives up everything that waits. */
  close(reason: Error): void {
    if (this.#failure) return;
    this.#failure = reason;
    clearTimeout(this.#timer);
    for (const lane of this.#busy) this.#giveUp(lane, reason);
    this.#links.close();
  }

  #lane(topic: string, partition: number): Lane {
    const key = `${topic}/${partition}`;
    let lane = this.#lanes.get(key);
    if (!lane) {
      lane = new Lane(topic, partition);
      this.#lanes.set(key, lane);
    }
    return lane;
  }

  /** Once in a turn of the event loop, so that what is sent in one turn travels together. */
  #schedule(): void {
    if (this.#scheduled || this.#failure) return;
    this.#scheduled = true;
    setImmediate(() => {
      this.#scheduled = false;
      this.#pump();
    });
  }

  #pump(): void {
    if (this.#failure) return;
    const now = performance.now();
    const ready = new Map<number, Lane[]>();
    let wake = Infinity;
    for (const lane of this.#busy) {
      this.#expire(lane, now);
      if (!this.#busy.has(lane) || lane.inRequest) continue;
      if (lane.retryAt > now) {
        wake = Math.min(wake, lane.retryAt);
        continue;
      }
      const leader = this.#cluster.leaderOf(lane.topic, lane.partition);
      if (leader === undefined) {
        this.#later(lane, protocolError(5));
        wake = Math.min(wake, lane.retryAt);
      } else if (!this.#nodes.has(leader)) ready.set(leader, [...(ready.get(leader) ?? []), lane]);
    }
    for (const [node, lanes] of ready) void this.#request(node, lanes);
    clearTimeout(this.#timer);
    if (wake < Infinity) this.#timer = setTimeout(() => { this.#pump(); }, Math.max(1, wake - now));
  }

  async #request(node: number, candidates: readonly Lane[]): Promise<void> {
    this.#nodes.add(node);
    const lanes: Lane[] = [];
    try {
      let bytes = 0;
      for (const lane of candidates) {
        if (bytes > REQUEST_BYTES) break;
        lane.inRequest = true;
        lanes.push(lane);
        await this.#board(lane);
        bytes += lane.flight?.bytes.length ?? 0;
      }
      const flying = lanes.filter(({ flight }) => flight !== undefined);
      const { transactionalId, timeoutMs } = this.#options;
      for (const { flight } of flying) flight!.tries += 1;
      const batches = flying.map(({ topic, partition, flight }) => ({ topic, partition, bytes: flight!.bytes }));
      const answers = batches.length === 0 ? [] : await this.#links.to(node).send(produceRequest(transactionalId, batches, Math.min(timeoutMs, this.#cluster.settings.requestTimeoutMs)));
      this.#settle(flying, answers);
    } catch (error) {
      for (const lane of lanes) this.#failed(lane, error as Error);
    } finally {
      this.#nodes.delete(node);
      for (const lane of lanes) lane.inRequest = false;
      this.#schedule();
    }
  }

  /** Makes the lane's next batch, if none is under way. */
  async #board(lane: Lane): Promise<void> {
    if (lane.flight) return;
    if (lane.producerId < 0n) {
      const { producerId, producerEpoch } = await this.#identify();
      Object.assign(lane, { producerId, producerEpoch, sequence: 0 });
    }
    const parcels = lane.take(BATCH_BYTES);
    if (parcels.length === 0) return;
    const records = parcels.length === 1 ? parcels[0]!.records : parcels.flatMap((parcel) => parcel.records);
    const { producerId, producerEpoch, sequence } = lane;
    const identity = { producerId, producerEpoch, sequence, transactional: this.#options.transactionalId !== null };
    const bytes = encodeBatch(records, identity, CODEC_NUMBERS[this.#cluster.settings.compression]);
    lane.flight = { parcels, count: records.length, bytes, tries: 0 };
  }

  /** One for all lanes that need one now. One that was not given is asked for again. */
  async #identify(): Promise<ProducerIdentity> {
    const asked = (this.#identity ??= this.#options.identify());
    try {
      return await asked;
    } catch (error) {
      if (this.#identity === asked) this.#identity = undefined;
      throw error;
    }
  }

  #settle(lanes: readonly Lane[], answers: readonly ProduceAnswer[]): void {
    for (const lane of lanes) {
      const answer = answers.find(({ topic, partition }) => topic === lane.topic && partition === lane.partition);
      if (!answer) this.#failed(lane, fail('QUEUE_UNAVAILABLE', `The broker's answer says nothing of ${lane.topic}/${lane.partition}.`));
      else if (answer.errorCode === 0) this.#landed(lane, answer.baseOffset);
      else this.#failed(lane, protocolError(answer.errorCode));
    }
  }

  #landed(lane: Lane, baseOffset: number): void {
    const { parcels, count } = lane.flight!;
    lane.flight = undefined;
    lane.failures = 0;
    lane.sequence = sequenceAfter(lane.sequence, count);
    let offset = baseOffset;
    for (const parcel of parcels) {
      parcel.resolve(offset);
      offset += parcel.records.length;
    }
    if (lane.waiting.length === 0) this.#busy.delete(lane);
  }

  #failed(lane: Lane, error: Error): void {
    if (this.#failure) return;
    if (isPassing(error)) {
      this.#later(lane, error);
      return;
    }
    const type = typeOf(error);
    if (type === 'UNKNOWN_TOPIC_OR_PARTITION' && lane.failures < NEWS_TRIES) {
      this.#later(lane, error);
      return;
    }
    const { flight } = lane;
    // It is not in the log: a batch that is answers as the duplicate that it is, and the first try has none before it.
    if (flight && this.#options.transactionalId === null && (type === OUT_OF_ORDER || (type === FORGOTTEN && flight.tries === 1))) {
      lane.waiting.unshift(...flight.parcels);
      lane.flight = undefined;
      this.#forget(lane);
      return;
    }
    const what = type === DUPLICATE ? 'A batch is in the log, but its offset is forgotten' : `Records for ${lane.topic}/${lane.partition} were refused`;
    this.#giveUp(lane, asQueueError(error, what));
  }

  /** Tried again after a pause, the same bytes under the same number. */
  #later(lane: Lane, error: Error): void {
    const delayMs = backoffMs(lane.failures++, this.#cluster.settings.backoff);
    lane.retryAt = performance.now() + delayMs;
    this.#cluster.settings.events.onRetry?.(`Producing to ${lane.topic}/${lane.partition}`, error, delayMs);
    if (isConnectionError(error) || typeOf(error) !== undefined) this.#cluster.suspect(error);
  }

  #expire(lane: Lane, now: number): void {
    const oldest: Parcel | undefined = lane.flight?.parcels[0] ?? lane.waiting[0];
    if (lane.inRequest || !oldest || oldest.expiresAt > now) return;
    this.#giveUp(lane, fail('QUEUE_UNAVAILABLE', `Records for ${lane.topic}/${lane.partition} could not be delivered in time.`));
  }

  #giveUp(lane: Lane, error: Error): void {
    const parcels = [...(lane.flight?.parcels ?? []), ...lane.waiting];
    lane.flight = undefined;
    lane.waiting = [];
    lane.failures = 0;
    lane.retryAt = 0;
    this.#forget(lane);
    this.#busy.delete(lane);
    for (const parcel of parcels) parcel.reject(error);
  }

  /** The next batch of the lane has a new producer id: what became of the one before is not known. */
  #forget(lane: Lane): void {
    lane.producerId = -1n;
    this.#identity = undefined;
  }
}
