/**
 * Instruments over as many WebSocket connections as they need: subscribes again after each reconnection, follows changes of
 * the set on connections that stay open, and reports outages of streams that have no numbers.
 */
import { setMaxListeners } from 'node:events';

import { asForetickError, type ForetickError } from '#proto';

import type { Live } from '../live/live.ts';
import type { Numbered } from '../live/numbered.ts';
import type { Channel, ConnectionPlan, Session } from './connection.ts';
import { createOutageTimes, type OutageTimes } from '../live/outage-times.ts';
import type { Outage } from '../live/outages.ts';
import { keepConnected } from './keep-connected.ts';
import { Slots, type SlotChange } from './slots.ts';

export interface FeedPlan extends Omit<ConnectionPlan, 'name' | 'url' | 'open' | 'lost' | 'recovered'> {
  /** Gets the symbols of the connection, for vendors that take them in the address. */
  readonly url: (symbols: readonly string[]) => string | Promise<string>;
  /** The instrument id of a symbol. */
  readonly instrument: (symbol: string) => string;
  /** Symbols of one connection. @default no bound */
  readonly perConnection?: number;
  /** Connections at most; symbols beyond are not collected, and a note says so. @default no bound */
  readonly connections?: number;
  /** Messages for these symbols, sent on an open connection. Left out: the connection is replaced when its set changes. */
  readonly messages?: {
    subscribe(symbols: readonly string[]): readonly (string | Uint8Array)[];
    unsubscribe(symbols: readonly string[]): readonly (string | Uint8Array)[];
  };
  /**
   * The vendor's code for a connection that is open, told its symbols. It calls `channel.confirmed` when they are on their
   * way, and `scope.subscribe` when the subscriptions may be sent, if that is not at once: see `FeedSession.deferred`.
   */
  readonly session: (channel: Channel, scope: FeedScope) => FeedSession;
  /** Streams without numbers: what they miss while no connection stands cannot be counted, only bounded in time. */
  readonly unnumbered: readonly string[];
  /** Streams with numbers: gone on with before their symbols are subscribed to, let go after. @default none */
  readonly numbered?: readonly Numbered[];
  /** Takes over an outage of an unnumbered stream, and reports what became of it; false: it does not. @default none is taken over */
  readonly outage?: (outage: Outage) => boolean;
  /** Called when the positions of instruments that are new are loaded, before they are subscribed to. */
  readonly resume?: (instruments: readonly string[]) => void;
  /** Called after a symbol is no longer collected. */
  readonly forget?: (symbol: string) => void;
}

export interface FeedScope {
  /** What the connection carries when it opens. */
  readonly symbols: readonly string[];
  /** Sends the subscriptions: for sessions that are `deferred`. */
  subscribe(): void;
  /** Whether a symbol is collected, now, by this process. */
  collects(symbol: string): boolean;
}

export interface FeedSession extends Session {
  /** It calls `subscribe` by itself, after a greeting or an authentication. @default false */
  readonly deferred?: boolean;
  /** These were subscribed to while it stood. */
  added?(symbols: readonly string[]): void;
  /** These are unsubscribed from: when they come again on this connection, it is as if for the first time. */
  removed?(symbols: readonly string[]): void;
}

/** Returns when `live.signal` aborts; throws what no further try can mend. */
export async function runFeeds(live: Live, plan: FeedPlan): Promise<void> {
  await new Feeds(live, plan).run();
}

interface Feed {
  readonly stopping: AbortController;
  readonly done: Promise<void>;
  /** The connection that changes of the set are told; null while none is open. */
  current: Subscribed | null;
}

/** Its session is there once the vendor's code has given it. */
interface Subscribed {
  readonly channel: Channel;
  session: FeedSession | null;
  isOver: boolean;
  /** What stood when it was subscribed: it stands on where this one, its replacement, fails. */
  before: Subscribed | null;
}

/** For so long after it was asked for on an open connection an instrument may not come yet: vendors do not say since when it does. */
const ADDED_MS = 5000;

class Feeds {
  readonly #live: Live;
  readonly #plan: FeedPlan;
  readonly #slots: Slots;
  readonly #feeds = new Map<number, Feed>();
  readonly #failed = new AbortController();
  readonly #signal: AbortSignal;
  readonly #outages: OutageTimes;
  #failure: ForetickError | null = null;

  constructor(live: Live, plan: FeedPlan) {
    this.#live = live;
    this.#plan = plan;
    this.#slots = new Slots(plan.perConnection ?? Infinity, plan.connections);
    this.#outages = createOutageTimes(live);
    this.#signal = AbortSignal.any([live.signal, this.#failed.signal]);
    setMaxListeners(0, this.#signal);
  }

  async run(): Promise<void> {
    const { instruments } = this.#live;
    try {
      while (!this.#signal.aborted) {
        const symbols = instruments.current();
        await this.#follow(symbols);
        instruments.applied?.(symbols);
        await instruments.changed(this.#signal);
      }
    } finally {
      for (const { stopping } of this.#feeds.values()) stopping.abort();
      await Promise.all([...this.#feeds.values()].map(({ done }) => done));
    }
    if (this.#failure) throw this.#failure;
  }

  async #follow(symbols: readonly string[]): Promise<void> {
    const { numbered = [], connections = 0, instrument, forget, resume } = this.#plan;
    // Before they have a place: a connection that opens meanwhile would subscribe to what it is not known where to go on with.
    const added = [...new Set(symbols)].filter((symbol) => !this.#slots.has(symbol)).map(instrument);
    await this.#live.positions.load(added);
    const { changes, left } = this.#slots.update(symbols);
    if (left.length > 0) this.#live.observe({ type: 'note', message: `${left.length} instruments are not collected: there is no room on ${connections} connections` });
    for (const stream of numbered) stream.resume(added);
    resume?.(added);
    this.#outages.add(added);
    for (const change of changes) this.#apply(change);
    for (const symbol of changes.flatMap(({ removed }) => removed)) {
      for (const stream of numbered) stream.forget(instrument(symbol));
      forget?.(symbol);
      this.#outages.forget(instrument(symbol));
      this.#live.positions.forget(instrument(symbol));
    }
  }

  #apply({ slot, added, removed }: SlotChange): void {
    const { messages } = this.#plan;
    const feed = this.#feeds.get(slot);
    if (!feed) {
      this.#feeds.set(slot, this.#start(slot));
    } else if (this.#slots.symbols(slot).length === 0) {
      this.#feeds.delete(slot);
      feed.stopping.abort();
    } else if (!messages) {
      feed.current?.channel.replace('other instruments');
    } else if (feed.current) {
      const { channel, session } = feed.current;
      // One that is not open subscribes to all of its set when it is.
      if (removed.length > 0) {
        sendAll(channel, messages.unsubscribe(removed));
        session?.removed?.(removed);
      }
      if (added.length > 0) {
        sendAll(channel, messages.subscribe(added));
        session?.added?.(added);
        void this.#settle(feed, channel, added);
      }
    }
  }

  #start(slot: number): Feed {
    const stopping = new AbortController();
    /** Those of it that were collected have an outage each: what has come since has none. */
    let isLost = false;
    const connection: ConnectionPlan = {
      ...this.#plan,
      name: `${this.#live.name}/${slot + 1}`,
      url: () => this.#plan.url(this.#slots.symbols(slot)),
      open: (channel) => this.#open(feed, slot, channel),
      lost: (fromUs) => {
        isLost = true;
        for (const id of this.#ids(slot)) if (this.#isUncounted(id)) this.#outages.begin(id, fromUs);
      },
      recovered: (fromUs, toUs) => {
        this.#over(this.#ids(slot), isLost ? 0 : fromUs, toUs);
        isLost = false;
      },
    };
    const done = keepConnected(this.#live, connection, AbortSignal.any([stopping.signal, this.#signal])).catch((error: unknown) => {
      this.#failure ??= asForetickError(error);
      this.#failed.abort();
    });
    const feed: Feed = { stopping, done, current: null };
    return feed;
  }

  #open(feed: Feed, slot: number, channel: Channel): Session {
    const { session: open, messages } = this.#plan;
    const symbols = this.#slots.symbols(slot);
    const opened: Subscribed = { channel, session: null, isOver: false, before: null };
    const subscribe = (): void => {
      if (messages) sendAll(channel, messages.subscribe(this.#slots.symbols(slot)));
      if (feed.current !== opened) opened.before = feed.current;
      feed.current = opened;
    };
    const session = open(channel, { symbols, subscribe, collects: (symbol) => this.#slots.has(symbol) });
    opened.session = session;
    if (session.deferred !== true) subscribe();
    return {
      frame: (data) => session.frame(data),
      ended: (end) => {
        opened.isOver = true;
        if (feed.current === opened) feed.current = opened.before?.isOver === false ? opened.before : null;
        opened.before = null;
        session.ended?.(end);
      },
    };
  }

  #ids(slot: number): string[] {
    return this.#slots.symbols(slot).map(this.#plan.instrument);
  }

  /** Whether an instrument has streams of which no number tells what was missed. */
  #isUncounted(id: string): boolean {
    const { numbered = [], unnumbered } = this.#plan;
    return unnumbered.length > 0 || numbered.some((one) => !one.follows(id));
  }

  /** Of instruments that were asked for on a connection that was open, and stayed so. */
  async #settle(feed: Feed, channel: Channel, symbols: readonly string[]): Promise<void> {
    await this.#live.clock.sleep(ADDED_MS, this.#signal);
    if (this.#signal.aborted || feed.current?.channel !== channel) return;
    this.#over(symbols.filter((symbol) => this.#slots.has(symbol)).map(this.#plan.instrument), 0, this.#live.receipt());
  }

  /** @param fromUs for those of which no outage is known; 0: they had none */
  #over(ids: readonly string[], fromUs: number, toUs: number): void {
    for (const [from, instruments] of this.#outages.end(ids, fromUs)) this.#report(instruments, from, toUs);
  }

  #report(instruments: readonly string[], fromUs: number, toUs: number): void {
    const { numbered = [], unnumbered } = this.#plan;
    const about = { fromUs, toUs, cause: 'disconnected' };
    for (const stream of unnumbered) {
      if (this.#plan.outage?.({ ...about, stream, instruments }) !== true) this.#live.gapClosed({ ...about, stream, instruments: [...instruments] });
    }
    for (const one of numbered) {
      // Its numbers will not tell: it is not known where they begin. Of those that have begun meanwhile the stream has told.
      const unknown = instruments.filter((id) => !one.follows(id));
      if (unknown.length > 0) this.#live.gapClosed({ ...about, stream: one.stream, instruments: unknown });
    }
  }
}

function sendAll(channel: Channel, messages: readonly (string | Uint8Array)[]): void {
  for (const message of messages) channel.send(message);
}
