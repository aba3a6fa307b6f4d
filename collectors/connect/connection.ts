/** One connection of a plan: opens, confirms, is watched, ends. Trying again is `keepConnected`'s. */
import { setMaxListeners } from 'node:events';

import { asForetickError, fail, type ForetickError } from '#proto';

import type { Live } from '../live/live.ts';
import type { FailureCause, Ladders } from './ladder.ts';
import { createLimiter, type Cap, type Limiter } from './limits.ts';
import { checkUrl } from './network.ts';
import type { RawSocket, SocketEnd } from './transport.ts';

/** An open connection, as the vendor's code sees it. */
export interface Channel {
  /** For logs and metrics: the plan's name. */
  readonly name: string;
  /** In the order of the calls, no faster than the plan's `sends` allows. */
  send(data: string | Uint8Array): void;
  /** What was asked for is on its way: the connection counts as good. */
  confirmed(): void;
  /** This connection cannot be used any more: it is given up and tried again by the ladder of the cause. */
  giveUp(cause: FailureCause, message: string): void;
  /** The vendor is about to close: another one is opened, then this one closed. */
  replace(message: string): void;
  /** The vendor refuses for good (key, subscription): the source fails with SOURCE_REFUSED. */
  refuse(message: string): void;
}

/** The vendor's code for one connection. */
export interface Session {
  /** Called in the outbox' frame: what it throws as MALFORMED_RECORD rejects the frame. Returns what the frame was. */
  frame(data: string | Uint8Array): string;
  /** The connection has ended; not called when the source stops. */
  ended?(end: SocketEnd): void;
}

export interface ConnectionPlan {
  /** For logs and metrics: `coinbase/1`. */
  readonly name: string;
  /** What a frame is: a message, a line of a body that does not end, or an event of one. @default 'websocket' */
  readonly transport?: 'websocket' | 'lines' | 'events';
  /** May hold a key: never logged but for its host. */
  readonly url: () => string | Promise<string>;
  /** @default false */
  readonly allowPlainText?: boolean;
  readonly headers?: () => Readonly<Record<string, string>> | Promise<Readonly<Record<string, string>>>;
  readonly protocols?: readonly string[];
  /** Until the connection stands. @default 10_000 */
  readonly connectMs?: number;
  /** No byte for so long: the connection is dead. */
  readonly silentMs: number;
  /** Until `confirmed`, after opening. @default 10_000 */
  readonly confirmMs?: number;
  /** Replaced when it is so old, so that the vendor's own cut never comes. @default never */
  readonly maxAgeMs?: number;
  /** A second connection may stand while one is replaced. @default false */
  readonly overlap?: boolean;
  /** Client pings, for vendors that close idle connections. @default none */
  readonly pingMs?: number;
  readonly ladders?: Ladders;
  /** Answers on connecting that no further try can mend, if no connection was good yet. @default 401, 403 */
  readonly refusals?: readonly number[];
  /** The vendor's cap on connecting, shared with all others. */
  readonly connects?: Limiter;
  /** The vendor's cap on messages: of one connection, or shared with all others. */
  readonly sends?: Cap | Limiter;
  /** Calls back when the connection is open; subscribes. */
  readonly open: (channel: Channel) => Session;
  /** The connection was good and has ended, or is given up for another one: since this receipt time something may be lost. */
  readonly lost?: (fromUs: number) => void;
  /** The connection is good, after an outage between these receipt times, or for the first time (`fromUs` 0). */
  readonly recovered?: (fromUs: number, toUs: number) => void;
}

export class Connection {
  /** Resolves true when confirmed, false when it ended before. */
  readonly ready: Promise<boolean>;
  readonly ended: Promise<SocketEnd>;
  /** Resolves when it should be replaced, or has ended. */
  readonly due: Promise<void>;
  /** An error that ends the source: SOURCE_REFUSED, CONFIG_INVALID, a bug in the vendor's code. */
  failure: ForetickError | null = null;
  /** What is lost with it may have happened since: when its newest frame came, or as much earlier as we read behind the vendor; before the first, when it was confirmed; 0 before that. */
  lostFromUs = 0;
  /** When it was confirmed, by the clock, milliseconds; 0 before. */
  readyAt = 0;
  readonly #live: Live;
  readonly #plan: ConnectionPlan;
  readonly #over = new AbortController();
  #socket: RawSocket | null = null;
  #settle: { ready: (ok: boolean) => void; ended: (end: SocketEnd) => void; due: () => void };
  #opened = false;

  constructor(live: Live, plan: ConnectionPlan) {
    this.#live = live;
    this.#plan = plan;
    let ready: (ok: boolean) => void = () => undefined;
    let ended: (end: SocketEnd) => void = () => undefined;
    let due = (): void => undefined;
    this.ready = new Promise((resolve) => (ready = resolve));
    this.ended = new Promise((resolve) => (ended = resolve));
    this.due = new Promise((resolve) => (due = resolve));
    this.#settle = { ready, ended, due };
    setMaxListeners(0, this.#over.signal);
  }

  hasEnded(): boolean {
    return this.#over.signal.aborted;
  }

  /** Begins. Everything else comes through the promises. */
  async start(): Promise<void> {
    const { clock, environment } = this.#live;
    const { transport = 'websocket', url, headers, protocols = [], allowPlainText = false, connectMs = 10_000, connects } = this.#plan;
    try {
      await connects?.take(this.#over.signal);
      const address = checkUrl(await url(), allowPlainText);
      const given = (await headers?.()) ?? {};
      if (this.hasEnded()) return;
      this.#socket = environment.network.open(transport, {
        url: address,
        headers: given,
        protocols,
        clock,
        onOpen: () => { this.#open(); },
        onFrame: (data) => { this.#frame(data); },
        onEnd: (end) => { this.#end(end); },
      });
    } catch (error) {
      this.#fail(error);
      return;
    }
    void this.#after(connectMs, () => {
      if (!this.#opened) this.#socket?.cut('unreachable', `no connection in ${connectMs} ms`);
    });
  }

  /** Closes it in order. */
  async close(message: string): Promise<void> {
    if (this.#socket) await this.#socket.close(1000, message, 2000);
    else this.#end({ cause: 'closed', code: 1000, message, retryAfterMs: null });
  }

  #session: Session | null = null;
  #endHold = (): void => undefined;

  #open(): void {
    this.#opened = true;
    const { out } = this.#live;
    const { open, confirmMs = 10_000, maxAgeMs, pingMs } = this.#plan;
    const socket = this.#socket!;
    this.#endHold = out.onHeld((held) => { socket.hold(held); });
    if (out.held) socket.hold(true);
    try {
      this.#session = open(this.#channel(socket));
    } catch (error) {
      this.#fail(error);
      return;
    }
    void this.#after(confirmMs, () => {
      if (this.readyAt === 0) socket.cut('unconfirmed', `not confirmed in ${confirmMs} ms`);
    });
    void this.#watchSilence(socket);
    if (maxAgeMs !== undefined) void this.#after(maxAgeMs, this.#settle.due);
    if (pingMs !== undefined) void this.#every(pingMs, () => { socket.ping(); });
  }

  #channel(socket: RawSocket): Channel {
    const { name, sends } = this.#plan;
    const limiter = sends && ('take' in sends ? sends : createLimiter(sends, this.#live.clock));
    let queue = Promise.resolve();
    return {
      name,
      send: (data) => {
        if (!limiter) {
          socket.send(data);
          return;
        }
        queue = queue.then(async () => {
          await limiter.take(this.#over.signal);
          socket.send(data);
        });
      },
      confirmed: () => {
        if (this.readyAt !== 0 || this.hasEnded()) return;
        this.readyAt = this.#live.clock.now();
        // Of one on which nothing comes, what happens from here on is lost.
        this.lostFromUs ||= this.#live.receipt();
        this.#settle.ready(true);
      },
      giveUp: (cause, message) => { socket.cut(cause, message); },
      replace: () => { this.#settle.due(); },
      refuse: (message) => { this.#fail(fail('SOURCE_REFUSED', message)); },
    };
  }

  #frame(data: string | Uint8Array): void {
    const receipt = this.#live.receipt();
    const session = this.#session!;
    try {
      this.#live.out.frame(this.#plan.name, data, receipt, () => session.frame(data));
    } catch (error) {
      this.#fail(error);
    }
    this.lostFromUs = Math.max(0, receipt - this.#live.out.lag);
  }

  #fail(error: unknown): void {
    this.failure ??= asForetickError(error);
    if (this.#socket) this.#socket.cut('broken', this.failure.message);
    else this.#end({ cause: 'broken', code: 0, message: this.failure.message, retryAfterMs: null });
  }

  #end(end: SocketEnd): void {
    if (this.hasEnded()) return;
    this.#over.abort();
    this.#endHold();
    if (!this.#live.signal.aborted && !this.failure) this.#session?.ended?.(end);
    this.#settle.ready(false);
    this.#settle.due();
    this.#settle.ended(end);
  }

  async #watchSilence(socket: RawSocket): Promise<void> {
    const { clock, out } = this.#live;
    const { silentMs } = this.#plan;
    const { signal } = this.#over;
    while (!signal.aborted) {
      let left = socket.lastByte() + silentMs - clock.now();
      if (left <= 0) {
        // What came while this process was busy with something else is read now.
        await readable();
        left = socket.lastByte() + silentMs - clock.now();
      }
      if (left <= 0 && !out.held) {
        socket.cut('silent', `no byte in ${silentMs} ms`);
        return;
      }
      await clock.sleep(left > 0 ? left : silentMs, signal);
    }
  }

  async #after(ms: number, act: () => void): Promise<void> {
    await this.#live.clock.sleep(ms, this.#over.signal);
    if (!this.#over.signal.aborted) act();
  }

  async #every(ms: number, act: () => void): Promise<void> {
    while (!this.#over.signal.aborted) await this.#after(ms, act);
  }
}

/** After one more round of the event loop, in which sockets are read. */
const readable = (): Promise<void> => new Promise((resolve) => setImmediate(() => setImmediate(resolve)));
