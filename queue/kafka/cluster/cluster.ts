/** What is known of the brokers: who they are, who leads which partition, who coordinates which group. */
import { setMaxListeners } from 'node:events';

import { fail } from '#proto';
import type { KafkaSettings } from '../options.ts';
import { metadataRequest, type ClusterMetadata, type TopicMetadata } from '../wire/metadata.ts';
import { isConnectionError, typeOf } from './errors.ts';
import { Link, type Address } from './link.ts';
import { pause, retrying } from './retry.ts';

const UNKNOWN_TOPIC = 3;
/** What one answer knew is not asked again within this time, however many ask. */
const FRESH_MS = 50;
/** Brokers hear of a new topic one after the other: one that does not know it is not believed at once. */
const NEWS_TRIES = 3;
const NEWS_MS = 60;
export const COORDINATES = { group: 0, transaction: 1 } as const;

/** Links to nodes for one purpose, one each, made anew when they fail. */
export class LinkSet {
  readonly #cluster: Cluster;
  readonly #links = new Map<number, Link>();
  #closed = false;

  constructor(cluster: Cluster) {
    this.#cluster = cluster;
  }

  /** QUEUE_UNAVAILABLE when no broker has this number now. */
  to(node: number): Link {
    const address = this.#cluster.addressOf(node);
    const known = this.#links.get(node);
    if (known && !known.closed && known.address.host === address.host && known.address.port === address.port) return known;
    known?.close();
    if (this.#closed) throw fail('QUEUE_UNAVAILABLE', 'The connections are closed.');
    const link = this.#cluster.open(address);
    this.#links.set(node, link);
    return link;
  }

  close(): void {
    this.#closed = true;
    for (const link of this.#links.values()) link.close();
    this.#links.clear();
  }
}

export class Cluster {
  readonly settings: KafkaSettings;
  readonly #bootstrap: readonly Address[];
  readonly #nodes = new Map<number, Address>();
  readonly #topics = new Map<string, TopicMetadata>();
  readonly #coordinators = new Map<string, number>();
  readonly #open = new Set<Link>();
  #links: LinkSet;
  #seed: Link | undefined;
  #next = Math.floor(Math.random() * 1024);
  #controller = -1;
  #refreshing: Promise<void> | undefined;
  #refreshed = -Infinity;
  readonly #closing = new AbortController();

  constructor(settings: KafkaSettings) {
    // Every task and reader listens.
    setMaxListeners(0, this.#closing.signal);
    this.settings = settings;
    this.#bootstrap = settings.brokers.map(addressFrom);
    if (this.#bootstrap.length === 0) throw fail('CONFIG_INVALID', 'No broker is named.');
    this.#links = new LinkSet(this);
  }

  /** Aborts when the cluster is closed: nothing is tried again then. */
  get signal(): AbortSignal {
    return this.#closing.signal;
  }

  /** QUEUE_UNAVAILABLE when no broker answers in time, QUEUE_FORBIDDEN when they refuse, QUEUE_UNTRUSTED when TLS does. */
  async connect(): Promise<void> {
    await this.retry('No broker answers', () => this.#refresh([]));
  }

  open(address: Address): Link {
    const link = new Link(this.settings, address);
    for (const other of this.#open) if (other.closed) this.#open.delete(other);
    this.#open.add(link);
    return link;
  }

  addressOf(node: number): Address {
    const address = this.#nodes.get(node);
    if (!address) throw fail('QUEUE_UNAVAILABLE', `No broker has the number ${node} now.`);
    return address;
  }

  /** Tries again until `deliveryTimeoutMs` have passed; what is known of the cluster is asked anew between tries. */
  retry<T>(what: string, attempt: () => Promise<T>, options: { signal?: AbortSignal; timeoutMs?: number } = {}): Promise<T> {
    const { deliveryTimeoutMs, backoff, events } = this.settings;
    const signal = options.signal ? AbortSignal.any([options.signal, this.signal]) : this.signal;
    return retrying(
      {
        what,
        timeoutMs: options.timeoutMs ?? deliveryTimeoutMs,
        backoff,
        signal,
        onRetry: (error, delayMs) => {
          events.onRetry?.(what, error as Error, delayMs);
          this.suspect(error);
        },
      },
      attempt,
    );
  }

  /** A link that is for short requests and that everybody shares. */
  async any(): Promise<Link> {
    const nodes = [...this.#nodes.keys()];
    if (nodes.length === 0) {
      await this.#refresh([]);
      return this.any();
    }
    return this.#links.to(nodes[this.#next++ % nodes.length]!);
  }

  /** The shared link to a node. */
  to(node: number): Link {
    return this.#links.to(node);
  }

  async controller(): Promise<Link> {
    if (this.#controller < 0 || !this.#nodes.has(this.#controller)) await this.#refresh([]);
    return this.#links.to(this.#controller);
  }

  /** Partitions of a topic. UNKNOWN_TOPIC when it does not exist. */
  async partitionsOf(topic: string): Promise<number> {
    return (await this.#topic(topic)).leaders.length;
  }

  /** Node that leads a partition, if known: `refresh` finds out. */
  leaderOf(topic: string, partition: number): number | undefined {
    const leader = this.#topics.get(topic)?.leaders[partition];
    return leader === undefined || leader < 0 || !this.#nodes.has(leader) ? undefined : leader;
  }

  /** Asks anew for these topics and all that were asked for before. */
  refresh(topics: readonly string[]): Promise<void> {
    return this.#refresh(topics);
  }

  /** All topics but those of the brokers themselves. */
  async allTopics(): Promise<TopicMetadata[]> {
    const metadata = await this.#ask(null);
    return metadata.topics.filter(({ internal, errorCode }) => !internal && errorCode === 0);
  }

  /** Of all brokers: each lists the groups that it coordinates. */
  async groups(): Promise<string[]> {
    await this.#refresh([]);
    const lists = await Promise.all([...this.#nodes.keys()].map((node) => this.#links.to(node).call((broker) => broker.listGroups())));
    return [...new Set(lists.flatMap(({ groups }) => groups.map(({ groupId }) => groupId)))].sort();
  }

  async coordinator(kind: keyof typeof COORDINATES, key: string): Promise<number> {
    const known = this.#coordinators.get(`${kind} ${key}`);
    if (known !== undefined && this.#nodes.has(known)) return known;
    const link = await this.any();
    const { coordinator } = await link.call((broker) => broker.findGroupCoordinator({ groupId: key, coordinatorType: COORDINATES[kind] }));
    if (!this.#nodes.has(coordinator.nodeId)) await this.#refresh([]);
    this.#coordinators.set(`${kind} ${key}`, coordinator.nodeId);
    return coordinator.nodeId;
  }

  /** Something failed: what was known may be out of date. */
  suspect(error: unknown): void {
    if (isConnectionError(error) || (typeOf(error) ?? '').includes('COORDINATOR')) this.#coordinators.clear();
    this.#refreshed = -Infinity;
    this.#refresh([]).catch(() => undefined); // Whoever needs it asks again, and hears of it.
  }

  close(): void {
    this.#closing.abort();
    this.#links.close();
    this.#seed?.close();
    for (const link of this.#open) link.close();
    this.#open.clear();
  }

  async #topic(topic: string): Promise<TopicMetadata> {
    for (let tries = 0; tries < NEWS_TRIES && !this.#topics.has(topic); tries++) {
      if (tries > 0) await pause(NEWS_MS, this.signal);
      await this.#refresh([topic]);
    }
    const found = this.#topics.get(topic);
    if (!found) throw fail('UNKNOWN_TOPIC', `No topic is named ${topic}.`, { details: { topic } });
    return found;
  }

  async #refresh(topics: readonly string[]): Promise<void> {
    const missing = topics.filter((topic) => !this.#topics.has(topic));
    if (missing.length === 0 && this.#refreshing) return this.#refreshing;
    if (missing.length === 0 && performance.now() - this.#refreshed < FRESH_MS) return;
    const refreshing = this.#load([...new Set([...this.#topics.keys(), ...missing])]);
    this.#refreshing = refreshing;
    try {
      await refreshing;
    } finally {
      if (this.#refreshing === refreshing) this.#refreshing = undefined;
    }
  }

  async #load(topics: readonly string[]): Promise<void> {
    const { nodes, controller, topics: found } = await this.#ask(topics);
    this.#nodes.clear();
    for (const { id, host, port } of nodes) this.#nodes.set(id, { host, port });
    this.#controller = controller;
    for (const topic of found) {
      if (topic.errorCode === 0) this.#topics.set(topic.topic, topic);
      else if (topic.errorCode === UNKNOWN_TOPIC) this.#topics.delete(topic.topic);
    }
    this.#refreshed = performance.now();
  }

  /** Whoever answers first of those known, then of those named in the beginning. */
  async #ask(topics: readonly string[] | null): Promise<ClusterMetadata> {
    const known = [...this.#nodes.keys()];
    let failure: unknown;
    for (let i = 0; i < known.length; i++) {
      try {
        return await this.#links.to(known[this.#next++ % known.length]!).send(metadataRequest(topics));
      } catch (error) {
        failure = error;
      }
    }
    for (let i = 0; i < this.#bootstrap.length && !this.signal.aborted; i++) {
      if (!this.#seed || this.#seed.closed) this.#seed = this.open(this.#bootstrap[this.#next++ % this.#bootstrap.length]!);
      try {
        return await this.#seed.send(metadataRequest(topics));
      } catch (error) {
        failure = error;
        this.#seed.close();
      }
    }
    throw failure;
  }
}

function addressFrom(text: string): Address {
  const match = /^(?:\[([^\]]+)\]|([^:[\]]+)):(\d{1,5})$/.exec(text.trim());
  const port = Number(match?.[3]);
  if (!match || port < 1 || port > 65_535) throw fail('CONFIG_INVALID', `A broker is named host:port, not "${text}".`);
  return { host: match[1] ?? match[2]!, port };
}
