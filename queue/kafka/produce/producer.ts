/** The port's producer: idempotent, batched, with bounded memory and a bounded wait. */
import { fail } from '#proto';
import { closedError } from '../../closed.ts';
import type { OutputRecord, Producer } from '../../port.ts';
import type { Cluster } from '../cluster/cluster.ts';
import { prepare, type Prepared } from './prepare.ts';
import { Sender, type ProducerIdentity } from './sender.ts';

/** A producer id without a transaction. */
export async function identify(cluster: Cluster): Promise<ProducerIdentity> {
  return cluster.retry('A producer id was not given', async () => {
    const link = await cluster.any();
    const { producerId, producerEpoch } = await link.call((broker) => broker.initProducerId({ transactionalId: null, transactionTimeout: 60_000 }));
    return { producerId: BigInt(producerId), producerEpoch };
  });
}

/**
 * Offsets in the order of the records given. Waits for all partitions, whatever becomes of one.
 *
 * @param expiresAt see `Sender.send`
 */
export async function sendPrepared(sender: Sender, { shares, count }: Prepared, expiresAt?: number): Promise<number[]> {
  const offsets = new Array<number>(count).fill(-1);
  const results = await Promise.allSettled(
    shares.map(async ({ topic, partition, records, places }) => {
      const given = await sender.send(topic, partition, records, expiresAt);
      places.forEach((place, i) => { offsets[place] = given[i]!; });
    }),
  );
  for (const result of results) if (result.status === 'rejected') throw result.reason;
  return offsets;
}

/** Room for bytes under way; those who want more than there is wait in order. */
class Room {
  #left: number;
  readonly #size: number;
  readonly #waiting: { readonly bytes: number; readonly go: () => void }[] = [];

  constructor(size: number) {
    this.#size = size;
    this.#left = size;
  }

  /** @returns how much to give back */
  async take(wanted: number, timeoutMs: number): Promise<number> {
    // One call larger than the room goes when it is alone.
    const bytes = Math.min(wanted, this.#size);
    if (this.#waiting.length === 0 && bytes <= this.#left) {
      this.#left -= bytes;
      return bytes;
    }
    await new Promise<void>((resolve, reject) => {
      const timer = setTimeout(() => {
        this.#waiting.splice(this.#waiting.indexOf(entry), 1);
        reject(fail('QUEUE_UNAVAILABLE', `No room for ${wanted} bytes more came free in time: the brokers do not keep up.`));
      }, timeoutMs);
      const entry = { bytes, go: () => { clearTimeout(timer); resolve(); } };
      this.#waiting.push(entry);
    });
    return bytes;
  }

  give(bytes: number): void {
    this.#left += bytes;
    while (this.#waiting.length > 0 && this.#waiting[0]!.bytes <= this.#left) {
      const { bytes: taken, go } = this.#waiting.shift()!;
      this.#left -= taken;
      go();
    }
  }
}

export class KafkaProducer implements Producer {
  readonly #cluster: Cluster;
  readonly #sender: Sender;
  readonly #room: Room;
  readonly #onClosed: (producer: KafkaProducer) => void;
  readonly #pending = new Set<Promise<unknown>>();
  #closed = false;
  /** Calls go through preparation one after the other: it may have to ask for metadata, and order must hold. */
  #prepared: Promise<unknown> = Promise.resolve();

  constructor(cluster: Cluster, onClosed: (producer: KafkaProducer) => void) {
    const { deliveryTimeoutMs, sendBufferBytes } = cluster.settings;
    this.#cluster = cluster;
    this.#sender = new Sender(cluster, { transactionalId: null, identify: () => identify(cluster), timeoutMs: deliveryTimeoutMs });
    this.#room = new Room(sendBufferBytes);
    this.#onClosed = onClosed;
  }

  async send(records: readonly OutputRecord[]): Promise<number[]> {
    if (this.#closed) throw closedError();
    if (records.length === 0) return [];
    const sending = this.#send(records);
    this.#pending.add(sending);
    try {
      return await sending;
    } finally {
      this.#pending.delete(sending);
    }
  }

  /** Waits for what is under way. */
  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    await Promise.allSettled(this.#pending);
    this.abort();
  }

  /** Gives up what is under way. */
  abort(): void {
    this.#closed = true;
    this.#sender.close(closedError());
    this.#onClosed(this);
  }

  /** All its steps together take no longer than a delivery may. */
  async #send(records: readonly OutputRecord[]): Promise<number[]> {
    const expiresAt = performance.now() + this.#cluster.settings.deliveryTimeoutMs;
    const left = (): number => Math.max(0, expiresAt - performance.now());
    const ready = this.#prepared.then(async () => {
      const prepared = await this.#cluster.retry('Records cannot be sent', () => prepare(this.#cluster, records), { timeoutMs: left() });
      const taken = await this.#room.take(prepared.bytes, left());
      return { sent: sendPrepared(this.#sender, prepared, expiresAt), taken };
    });
    this.#prepared = ready.catch(() => undefined);
    const { sent, taken } = await ready;
    try {
      return await sent;
    } finally {
      this.#room.give(taken);
    }
  }
}
