/** One connection of a feed that is made by configuration: logs in, counts confirmations, answers, decodes. */
import { fail } from '#proto';

import type { Channel } from '../../connect/connection.ts';
import type { FeedScope, FeedSession } from '../../connect/feeds.ts';
import { FrameCounter } from '../../integrity/counter.ts';
import type { Live } from '../../live/live.ts';
import { whole } from '../../values/decimal.ts';
import { frameText, pointer } from '../../values/fields.ts';
import { test, type Test } from '../generic/conditions.ts';
import type { Publisher } from '../generic/publish.ts';
import { seenKey, type Reader } from '../generic/read.ts';
import { renderOne, type Keys } from '../generic/template.ts';
import type { WebsocketOptions } from './options.ts';

export interface SessionParts {
  readonly live: Live;
  readonly options: WebsocketOptions;
  readonly keys: Keys;
  readonly read: Reader;
  readonly publisher: Publisher;
  /** How many messages subscribe to these symbols. */
  readonly messages: (symbols: readonly string[]) => number;
  /** What the vendor calls the instrument. */
  readonly wire: (symbol: string) => string;
}

/** Compiled once for all connections. */
export function sessions(parts: SessionParts): (channel: Channel, scope: FeedScope) => FeedSession {
  const { login, confirmed, heartbeat, replies, signals, others, frame_counter: counter } = parts.options;
  const rules: Rules = {
    greeting: login?.greeting ? test(login.greeting) : null,
    accepted: login ? test(login.accepted) : null,
    confirmed: confirmed ? test(confirmed.when) : null,
    heartbeat: heartbeat.when ? test(heartbeat.when) : null,
    replies: replies.map(({ when, send }) => ({ fits: test(when), send })),
    signals: signals.map(({ when, then, message }) => ({ fits: test(when), then, reason: message === undefined ? null : pointer(message) })),
    others: others.map(({ name, when }) => ({ fits: test(when), name })),
    counter: counter === undefined ? null : pointer(counter),
  };
  return (channel, scope) => new GenericSession(parts, rules, channel, scope);
}

interface Rules {
  readonly greeting: Test | null;
  readonly accepted: Test | null;
  readonly confirmed: Test | null;
  readonly heartbeat: Test | null;
  readonly replies: readonly { readonly fits: Test; readonly send: WebsocketOptions['replies'][number]['send'] }[];
  readonly signals: readonly { readonly fits: Test; readonly then: WebsocketOptions['signals'][number]['then']; readonly reason: ((frame: unknown) => unknown) | null }[];
  readonly others: readonly { readonly fits: Test; readonly name: string }[];
  readonly counter: ((frame: unknown) => unknown) | null;
}

class GenericSession implements FeedSession {
  readonly deferred = true;
  readonly #parts: SessionParts;
  readonly #rules: Rules;
  readonly #channel: Channel;
  readonly #scope: FeedScope;
  readonly #counter = new FrameCounter();
  readonly #seen = new Set<string>();
  /** Unsubscribed from on this connection, by what the vendor calls them. */
  readonly #gone = new Map<string, string>();
  readonly #over = new AbortController();
  #newest: number;
  /** Confirmations that are still to come. */
  #awaited = Infinity;

  constructor(parts: SessionParts, rules: Rules, channel: Channel, scope: FeedScope) {
    this.#parts = parts;
    this.#rules = rules;
    this.#channel = channel;
    this.#scope = scope;
    this.#newest = parts.live.receipt();
    void this.#beat();
    if (!parts.options.login) {
      // The feed is told of the session first.
      queueMicrotask(() => { this.#subscribe(); });
    } else if (!parts.options.login.greeting) {
      this.#logIn();
    }
  }

  ended(): void {
    this.#over.abort();
  }

  removed(symbols: readonly string[]): void {
    for (const symbol of symbols) {
      const wire = this.#parts.wire(symbol);
      this.#gone.set(wire, symbol);
      for (const stream of ['trade', 'quote']) this.#seen.delete(seenKey(stream, wire));
    }
  }

  frame(data: string | Uint8Array): string {
    const frame = parsed(frameText(data));
    const control = this.#control(frame);
    if (this.#rules.counter) this.#count(this.#rules.counter(frame));
    if (control !== null) return control;
    const { read, publisher, live } = this.#parts;
    const { symbols } = this.#scope;
    const { kind, found, broken } = read(frame, symbols.length === 1 ? this.#parts.wire(symbols[0]!) : null, this.#seen);
    if (broken.length > 0 && found.length === 0) throw broken[0]!;
    for (const { code, message } of broken) live.out.reject(code as 'MALFORMED_RECORD', message);
    publisher.publish(found);
    // What was still under way when it was unsubscribed from is not its first.
    if (this.#gone.size > 0) {
      for (const { stream, symbol } of found) {
        const name = this.#gone.get(symbol);
        if (name !== undefined && !this.#scope.collects(name)) this.#seen.delete(seenKey(stream, symbol));
      }
    }
    this.#newest = live.out.receipt;
    const name = kind ?? this.#rules.others.find(({ fits }) => fits(frame, frame))?.name;
    if (name !== undefined) return name;
    throw fail('MALFORMED_RECORD', typeof frame === 'string' ? 'not JSON' : 'no rule of the configuration explains it');
  }

  /** What it was, when it is about the connection; null when it may hold records. */
  #control(frame: unknown): string | null {
    const { greeting, accepted, confirmed, heartbeat, replies, signals } = this.#rules;
    const { login } = this.#parts.options;
    const fits = (rule: Test | null): boolean => rule?.(frame, frame) === true;
    const reply = replies.find((one) => fits(one.fits));
    if (reply) {
      this.#channel.send(renderOne(reply.send, this.#parts.keys, frame));
      return 'ping';
    }
    const signal = signals.find((one) => fits(one.fits));
    if (signal) return this.#signal(signal.then, signal.reason?.(frame));
    if (login && this.#awaited === Infinity) {
      if (fits(accepted)) {
        this.#subscribe();
        return 'login';
      }
      if (fits(greeting)) {
        this.#logIn();
        return 'login';
      }
    }
    if (fits(confirmed)) {
      this.#awaited--;
      if (this.#awaited <= 0) this.#channel.confirmed();
      return 'confirmation';
    }
    return fits(heartbeat) ? 'heartbeat' : null;
  }

  #signal(then: WebsocketOptions['signals'][number]['then'], reason: unknown): string {
    const { live } = this.#parts;
    const why = live.environment.redact(typeof reason === 'string' ? reason : reason === undefined ? 'the vendor said so' : JSON.stringify(reason));
    if (then === 'refuse') this.#channel.refuse(`${live.name}: ${why}`);
    else if (then === 'replace') this.#channel.replace(why);
    else this.#channel.giveUp(then === 'wait' ? 'rate-limited' : 'unconfirmed', why);
    return then === 'replace' ? 'replace' : 'error';
  }

  #logIn(): void {
    const { options, keys } = this.#parts;
    this.#channel.send(renderOne(options.login!.send, keys));
  }

  #subscribe(): void {
    const { options, messages, live } = this.#parts;
    const { confirmed, confirmed_after: after, messages_per_second: rate } = options;
    const sent = messages(this.#scope.symbols);
    this.#awaited = confirmed?.each === 'connection' ? 1 : sent;
    this.#scope.subscribe();
    if (confirmed && sent > 0) return;
    const untilSent = (Math.max(0, sent - 1) / rate) * 1000;
    void live.clock.sleep(untilSent + after / 1000, this.#over.signal).then(() => {
      if (!this.#over.signal.aborted) this.#channel.confirmed();
    });
  }

  async #beat(): Promise<void> {
    const { live, options, keys } = this.#parts;
    const { every, send } = options.heartbeat;
    if (every === undefined || send === undefined) return;
    const signal = AbortSignal.any([this.#over.signal, live.signal]);
    for (;;) {
      await live.clock.sleep(every / 1000, signal);
      if (signal.aborted) return;
      this.#channel.send(renderOne(send, keys));
    }
  }

  #count(value: unknown): void {
    if (value === undefined) return;
    const { live, publisher } = this.#parts;
    const gap = this.#counter.accept(whole(value, 'frame counter'));
    if (!gap) return;
    const instruments = this.#scope.symbols.map((symbol) => publisher.instrument(symbol));
    const { first, last } = gap;
    live.gapClosed({ stream: 'frame', instruments, first, last, missed: last - first + 1, fromUs: this.#newest, toUs: live.out.receipt, cause: 'sequence' });
  }
}

/** What is no JSON stands for itself: heartbeats of some vendors are bare words. */
function parsed(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return text;
  }
}
