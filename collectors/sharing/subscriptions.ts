/** What sources are to collect, as the topic `subscriptions` says. */
import { CONTENT_JSON, SCHEMA, Subscription, decodeJson, headersOf, partitionOf, type TopicLayout } from '#proto';
import type { OutputRecord, Queue, QueueRecord } from '#queue';

const HEADERS = headersOf(CONTENT_JSON, SCHEMA.subscription);

/** Beside the rows of its instrument: whoever holds the partition has both. */
export function subscriptionRecord(layout: TopicLayout, subscription: Subscription): OutputRecord {
  return { ...place(layout, subscription), value: JSON.stringify(Subscription.toJSON(subscription)), headers: HEADERS };
}

export function unsubscription(layout: TopicLayout, of: Pick<Subscription, 'source' | 'instrument'>): OutputRecord {
  return { ...place(layout, of), value: null, headers: HEADERS };
}

function place(layout: TopicLayout, { source, instrument }: Pick<Subscription, 'source' | 'instrument'>): Pick<OutputRecord, 'topic' | 'partition' | 'key'> {
  const key = `${source}/${instrument}`;
  return { topic: layout.name('subscriptions'), partition: subscriptionPartition(key, layout.inputs), key };
}

/** Where the record with this key stands: names of sources have no slash. */
export function subscriptionPartition(key: string, inputs: number): number {
  return partitionOf(key.slice(key.indexOf('/') + 1), inputs);
}

/** The subscriptions of one source, as records come: a key → what was said of it last. */
export class SubscriptionTable {
  readonly #source: string | null;
  readonly #inputs: number;
  readonly #entries = new Map<string, Subscription>();

  /** @param source null: of all */
  constructor({ inputs }: Pick<TopicLayout, 'inputs'>, source: string | null) {
    this.#inputs = inputs;
    this.#source = source;
  }

  /** Whether it changed. A record that cannot be read is passed over, as is one in a partition whose owner may not write the rows of its instrument. */
  apply({ key, value, partition }: Pick<QueueRecord, 'key' | 'value' | 'partition'>): boolean {
    const name = key === null ? '' : new TextDecoder().decode(key);
    if (this.#source !== null && !name.startsWith(`${this.#source}/`)) return false;
    if (partition !== subscriptionPartition(name, this.#inputs)) return false;
    if (value === null) return this.#entries.delete(name);
    const read = readable(value);
    if (!read || `${read.source}/${read.instrument}` !== name) return false;
    this.#entries.set(name, read);
    return true;
  }

  list(): Subscription[] {
    return [...this.#entries.values()];
  }
}

function readable(value: Uint8Array): Subscription | null {
  try {
    return decodeJson(value, Subscription);
  } catch {
    return null;
  }
}

/** Runs it once for all calls of a turn of the event loop: thousands of records come at once. */
export function coalesced(act: () => void): () => void {
  let due = false;
  return () => {
    if (due) return;
    due = true;
    setImmediate(() => {
      due = false;
      act();
    });
  };
}

/** All there are, by source and instrument. */
export async function readSubscriptions(queue: Pick<Queue, 'read'>, layout: TopicLayout): Promise<Subscription[]> {
  const table = new SubscriptionTable(layout, null);
  for await (const { records } of queue.read({ topic: layout.name('subscriptions'), from: 'earliest', toEnd: true, settled: true })) {
    for (const record of records) table.apply(record);
  }
  const key = ({ source, instrument }: Subscription): string => `${source}/${instrument}`;
  return table.list().sort((a, b) => (key(a) < key(b) ? -1 : 1));
}
