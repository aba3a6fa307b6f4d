/** A source beside its stand-in, over a real queue, and what it published there. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';

import { SOURCE_KINDS, Secret, createCollector, createLimits, createNetwork, createRedactor, fixedInstruments, ownedCollector, sharedCollector, subscriptionRecord, unsubscription, userSource, type Collector, type CollectorOptions, type InstrumentSet, type Source, type SourceEvent } from '#collectors';
import { topicLayout, type TopicLayout } from '#proto';
import type { Producer, Queue, QueueRecord } from '#queue';
import { openEmbeddedQueue } from '#queue/embedded';

import { fastClock, type FastClock } from './clock.ts';
import { Topics, recordsOf, type Published, type TopicKey } from './published.ts';
import { StandIn, type Vendor } from './stand-in.ts';

export interface RunOptions {
  readonly vendor: (standIn: StandIn) => Vendor;
  /** What a file of a user's own exports as `source`. @default the source that ships of the vendor's kind */
  readonly source?: unknown;
  /** How much faster than the wall's the clock of both runs. @default 20 */
  readonly factor?: number;
  /** @default 1 */
  readonly seed?: number;
  readonly settings?: Readonly<Record<string, unknown>>;
  /** What is collected. @default the symbols of the vendor */
  readonly instruments?: InstrumentSet;
  /** Each collector is one of several that share the source, by the group of `subscriptions`. @default it has the source to itself */
  readonly sharing?: 'shared' | 'owned';
  /** Partitions of quotes. @default 4 */
  readonly partitions?: number;
  /** Put around the producer of the queue: a slow one, one that fails. */
  readonly producer?: (inner: Producer) => Producer;
}

const PARTITIONS = 4;
/** Of the wall's clock: machines are busy. */
const PATIENCE_MS = 120_000;

export class Run {
  readonly standIn: StandIn;
  readonly events: SourceEvent[] = [];
  /** Everything that could end up in a log. */
  readonly printed: string[] = [];
  readonly secrets: string[] = [];
  readonly layout: TopicLayout;
  readonly #options: RunOptions;
  readonly #clock: FastClock;
  readonly #directory = mkdtempSync(join(tmpdir(), 'foretick-vendor-'));
  #queue: Queue | null = null;
  #topics: Topics | null = null;
  readonly collectors: Collector[] = [];
  #closers: (() => Promise<void>)[] = [];

  constructor(options: RunOptions) {
    this.#options = options;
    const { vendor, factor = 20, seed = 1, partitions = PARTITIONS } = options;
    this.layout = topicLayout({ prefix: 'foretick', inputs: partitions, shards: 1 });
    this.#clock = fastClock(factor);
    this.standIn = new StandIn({ clock: this.#clock, seed, vendor });
  }

  get collector(): Collector {
    return this.collectors.at(-1)!;
  }

  get queue(): Queue {
    return this.#queue!;
  }

  async start(): Promise<this> {
    await this.standIn.start();
    return this.begin();
  }

  /** The source, beside a stand-in that runs. */
  async begin(): Promise<this> {
    this.#queue = await openEmbeddedQueue({ directory: this.#directory });
    await this.#queue.ensureTopics(this.layout.specs());
    await this.startCollector();
    return this;
  }

  /** So much time passes at once: while no source runs. */
  pass(ms: number): void {
    this.#clock.pass(ms);
  }

  /** Once more, as a new process would. */
  async startCollector(): Promise<void> {
    const { settings = {}, instruments, producer, sharing } = this.#options;
    const { vendor, clock, address, lookup } = this.standIn;
    const kind = this.#options.source === undefined ? SOURCE_KINDS.find((candidate) => candidate.kind === vendor.kind)! : userSource({ source: this.#options.source });
    const network = createNetwork({ lookup });
    const redactor = createRedactor();
    const options = kind.options.parse({ ...vendor.settings(address), ...settings });
    const create = (given: InstrumentSet | null): Source => kind.create(vendor.kind, options, {
      clock,
      random: Math.random,
      limits: createLimits(clock),
      network,
      secret: (ref) => {
        const secret = new Secret(`secret-of-${'env' in ref ? ref.env : ref.file}`);
        this.secrets.push(secret.reveal());
        redactor.add(secret);
        return Promise.resolve(secret);
      },
      redact: (text) => redactor.redact(text),
      instruments: () => given ?? instruments ?? fixedInstruments(vendor.symbols),
    });
    const common: Omit<CollectorOptions, 'source'> = {
      queue: producer ? withProducer(this.queue, producer) : this.queue,
      layout: this.layout,
      clock,
      onEvent: (event) => {
        this.events.push(event);
        this.printed.push(JSON.stringify(event));
      },
      onRetry: (error) => this.printed.push(error.message),
      onFailure: (error) => this.printed.push(error.message),
    };
    // As the embedded queue is run: rows and what they cover become visible together.
    const collector = sharing === undefined ? createCollector({ ...common, source: create(null), atomicSends: true }) : sharing === 'shared' ? sharedCollector({ ...common, source: vendor.kind, create }) : ownedCollector({ ...common, source: vendor.kind, create, follows: true });
    this.collectors.push(collector);
    this.#closers.push(() => network.close());
    await collector.start();
  }

  /** Adds instruments to what is collected, or takes them away. */
  async subscribe(symbols: readonly string[], action: 'add' | 'remove' = 'add'): Promise<void> {
    const { vendor, clock } = this.standIn;
    const producer = await this.queue.producer();
    await producer.send(
      symbols.map((symbol) => {
        const of = { source: vendor.kind, instrument: vendor.instrument(symbol) };
        return action === 'add' ? subscriptionRecord(this.layout, { ...of, symbol, sinceUs: Math.floor(clock.now() * 1000) }) : unsubscription(this.layout, of);
      }),
    );
    await producer.close();
  }

  /** Waits for something to come true; the message says what did not. */
  async until(what: () => boolean | Promise<boolean>, message: string): Promise<void> {
    const end = Date.now() + PATIENCE_MS;
    for (;;) {
      const begun = Date.now();
      if (await what()) return;
      if (Date.now() > end) throw new Error(`waited in vain: ${message}`);
      // A look that takes long must leave the source time to go on.
      await delay(Math.max(20, 5 * (Date.now() - begun)));
    }
  }

  async connected(): Promise<void> {
    await this.until(() => this.collector.status().health?.state === 'live', 'the source is connected');
  }

  published(): Promise<Published> {
    this.#topics ??= new Topics(this.queue, this.layout, this.standIn.vendor);
    return this.#topics.read();
  }

  records(topic: TopicKey): Promise<QueueRecord[]> {
    return recordsOf(this.queue, this.layout, topic);
  }

  /** Records skipped so far, by why. */
  skipped(): ReadonlyMap<string, number> {
    const sums = new Map<string, number>();
    for (const event of this.events) {
      if (event.type === 'traffic') for (const [why, count] of event.skipped) sums.set(why, (sums.get(why) ?? 0) + count);
    }
    return sums;
  }

  /** What happened to the source, in short. */
  async story(): Promise<string[]> {
    const { gaps } = await this.published();
    const told = this.events.filter(({ type }) => type !== 'traffic' && type !== 'published' && type !== 'held-back' && type !== 'released');
    return [
      `status ${JSON.stringify(this.collector.status())}`,
      `skipped ${JSON.stringify([...this.skipped()])}`,
      ...told.slice(-20).map((event) => `event ${JSON.stringify(event)}`),
      ...gaps.slice(-10).map((gap) => `gap ${JSON.stringify(gap)}`),
    ];
  }

  async end(): Promise<void> {
    await Promise.all(this.collectors.map((collector) => collector.stop()));
    await this.standIn.stop();
    await this.#queue?.close();
    for (const close of this.#closers) await close();
    this.#clock.stop();
    rmSync(this.#directory, { recursive: true, force: true });
  }
}

function withProducer(queue: Queue, around: (inner: Producer) => Producer): Queue {
  return new Proxy(queue, {
    get(target, key) {
      if (key === 'producer') return async () => around(await target.producer());
      const value: unknown = Reflect.get(target, key, target);
      return typeof value === 'function' ? (value as (...args: unknown[]) => unknown).bind(target) : value;
    },
  });
}
