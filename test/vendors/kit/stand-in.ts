/**
 * A vendor's server on the loopback: HTTP and WebSocket behind a proxy that can misbehave, a made-up market, a ledger of
 * all that happened, and the vendor's own code, which speaks its protocol and enforces its rules.
 */
import { setMaxListeners } from 'node:events';
import { createServer as createHttp, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo, LookupFunction } from 'node:net';
import type { Duplex } from 'node:stream';

import { WebSocketServer, type RawData, type WebSocket } from 'ws';

import type { Clock } from '#collectors';

import { VendorConnection, type FrameFaults, type Wire } from './connection.ts';
import { Ledger } from './ledger.ts';
import { Market, type MarketItem, type MarketPost } from './market.ts';
import { ChaosProxy } from './proxy.ts';
import { recordKey } from './records.ts';
import type { Fault, Scenario } from './scenario.ts';

/** A refusal of a connection or a request. */
export interface Refusal {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
}

/** The vendor's code. */
export interface Vendor {
  /** The kind of the source it stands in for. */
  readonly kind: string;
  readonly symbols: readonly string[];
  readonly streams: readonly MarketItem['stream'][];
  /** Streams whose records carry numbers that rise by one. */
  readonly numbered: readonly MarketItem['stream'][];
  /** Whether records carry the time at which they happened. */
  readonly timed: Readonly<Partial<Record<MarketItem['stream'], boolean>>>;
  instrument(symbol: string): string;
  /** An item as its records tell it: times rounded, numbers and sides left out. @default as it is */
  told?(item: MarketItem): MarketItem;
  /** The id of a post, where it is not its number. */
  postId?(item: MarketPost): string;
  /** Settings of the source that lead it here. */
  settings(address: { readonly http: string; readonly ws: string }): Readonly<Record<string, unknown>>;
  /** Null lets the client in. */
  admit?(request: IncomingMessage): Refusal | null;
  /** A WebSocket stands. */
  connected?(connection: VendorConnection, request: IncomingMessage): void;
  /** @param bytes the same, as it came: for binary protocols */
  received?(connection: VendorConnection, data: string, bytes: Uint8Array): void;
  /** A WebSocket ping of the client, which is answered already. */
  pinged?(connection: VendorConnection): void;
  ponged?(connection: VendorConnection, payload: string): void;
  ended?(connection: VendorConnection): void;
  /** It is asked again and again, and nobody is connected. @default false */
  readonly polled?: boolean;
  requested?(request: IncomingMessage, response: ServerResponse): void;
  /** Tells whoever asked for it. Returns whether anybody did. */
  happened(item: MarketItem): boolean;
}

export interface StandInOptions {
  readonly clock: Clock;
  readonly seed: number;
  readonly vendor: (standIn: StandIn) => Vendor;
}

export const HOST = 'vendor.test';

export class StandIn {
  readonly clock: Clock;
  readonly ledger = new Ledger();
  readonly vendor: Vendor;
  readonly market: Market;
  readonly proxy: ChaosProxy;
  readonly connections = new Set<VendorConnection>();
  /** WebSocket close codes that clients sent. */
  readonly closeCodes: number[] = [];
  readonly #faults: FrameFaults = { truncate: 0, reorder: 0, gap: 0, repeat: 0 };
  readonly #http: Server;
  readonly #ws = new WebSocketServer({ noServer: true });
  readonly #over = new AbortController();
  /** Answers on sockets that stand. */
  readonly #answers = new Map<Duplex, VendorConnection[]>();
  readonly #sockets = new Set<Duplex>();
  /** What is answered on these does not arrive, though the request did. */
  readonly #deaf = new WeakSet<Duplex>();
  /** Garbage for the next answers, where nobody is connected. */
  readonly #waiting: string[] = [];
  #serial = 0;
  /** Streams and symbols that were asked for once. */
  readonly #begun = new Set<string>();
  #skewMs = 0;
  #refusal: (Refusal & { until: number }) | null = null;
  #namelessUntil = 0;

  constructor({ clock, seed, vendor }: StandInOptions) {
    this.clock = clock;
    setMaxListeners(0, this.#over.signal);
    this.#http = createHttp((request, response) => { this.#request(request, response); });
    this.#http.on('connection', (socket) => {
      this.#sockets.add(socket);
      socket.once('close', () => this.#sockets.delete(socket));
    });
    this.#http.on('upgrade', (request, socket, head) => { this.#upgrade(request, socket, head); });
    this.proxy = new ChaosProxy(() => (this.#http.address() as AddressInfo).port);
    this.vendor = vendor(this);
    this.market = new Market(seed, this.vendor.symbols, this.vendor.streams);
  }

  /** The vendor's time, milliseconds. */
  now = (): number => this.clock.now() + this.#skewMs;

  async start(): Promise<void> {
    await new Promise<void>((resolve) => this.#http.listen(0, '127.0.0.1', resolve));
    await this.proxy.start();
    // The vendor is older than we are: every stream and symbol has a past.
    for (let i = 0; i < 20 * this.vendor.symbols.length; i++) this.happen();
  }

  async stop(): Promise<void> {
    this.#over.abort();
    await this.proxy.stop();
    for (const socket of this.#ws.clients) socket.terminate();
    this.#http.closeAllConnections();
    await new Promise((resolve) => this.#http.close(resolve));
  }

  get address(): { readonly http: string; readonly ws: string } {
    return { http: `http://${HOST}:${this.proxy.port}`, ws: `ws://${HOST}:${this.proxy.port}` };
  }

  /** Resolves the vendor's name, unless it has none. */
  readonly lookup: LookupFunction = (hostname, options, callback) => {
    if (hostname !== HOST || this.clock.now() < this.#namelessUntil) {
      callback(Object.assign(new Error(`getaddrinfo ENOTFOUND ${hostname}`), { code: 'ENOTFOUND' }), '', 4);
    } else if (options.all === true) {
      (callback as unknown as (error: null, all: { address: string; family: number }[]) => void)(null, [{ address: '127.0.0.1', family: 4 }]);
    } else {
      callback(null, '127.0.0.1', 4);
    }
  };

  /** Later, unless the stand-in or the connection has ended by then. */
  after(ms: number, act: () => void, connection?: VendorConnection): void {
    void this.clock.sleep(ms, this.#over.signal).then(() => {
      if (!this.#over.signal.aborted && connection?.open !== false) act();
    });
  }

  /** Again and again while the connection is open. */
  every(ms: number, act: () => void, connection: VendorConnection): void {
    this.after(ms, () => {
      act();
      this.every(ms, act, connection);
    }, connection);
  }

  /** Something happens at the vendor. */
  happen(): void {
    const item = this.market.next(Math.floor(this.now() * 1000));
    const instrument = this.vendor.instrument(item.symbol);
    const told = this.vendor.told?.(item) ?? item;
    const entry = this.ledger.add(item, instrument, recordKey(told, instrument, this.vendor.timed[item.stream] !== false, (post) => this.vendor.postId?.(post) ?? String(post.id)));
    const kind = `${item.stream} ${item.symbol}`;
    if (this.vendor.happened(item)) this.#begun.add(kind);
    entry.due = this.#begun.has(kind);
  }

  /** Plays a scenario to its end. */
  async play({ forMs, rate, steps }: Scenario): Promise<void> {
    const begun = this.clock.now();
    const { signal } = this.#over;
    const left = [...steps].sort((a, b) => a.at - b.at);
    let done = 0;
    for (;;) {
      const elapsed = this.clock.now() - begun;
      while (left.length > 0 && left[0]!.at <= elapsed) this.inflict(left.shift()!);
      if (elapsed >= forMs || signal.aborted) break;
      for (; done < (elapsed / 1000) * rate; done++) this.happen();
      await this.clock.sleep(Math.max(20, 1000 / rate), signal);
    }
  }

  inflict(fault: Fault): void {
    switch (fault.fault) {
      case 'cut':
        this.proxy.cut();
        break;
      case 'close':
        for (const connection of this.connections) connection.close(fault.code, fault.reason);
        break;
      case 'half-open':
        for (const connection of [...this.connections, ...[...this.#answers.values()].flat()]) connection.deaf = true;
        for (const socket of this.#sockets) this.#deaf.add(socket);
        this.proxy.goDeaf();
        break;
      case 'garbage':
        for (let i = 0; i < fault.frames; i++) this.#garbage();
        break;
      case 'truncate':
      case 'reorder':
      case 'gap':
      case 'repeat':
        this.#faults[fault.fault] += fault.frames;
        break;
      case 'drip':
        this.proxy.dripping = true;
        this.after(fault.forMs, () => { this.proxy.dripping = false; });
        break;
      case 'flood':
        this.#flood(fault.items);
        break;
      case 'skew':
        this.#skewMs += fault.ms;
        break;
      case 'status': {
        const headers = fault.retryAfterS === undefined ? {} : { 'retry-after': String(fault.retryAfterS) };
        this.#refusal = { status: fault.status, headers, until: this.clock.now() + fault.forMs };
        this.proxy.cut();
        break;
      }
      case 'dns':
        this.#namelessUntil = this.clock.now() + fault.forMs;
        this.proxy.cut();
        break;
      case 'refuse':
      case 'tls':
        this.proxy.mode = fault.fault === 'tls' ? 'noise' : 'refuse';
        this.proxy.cut();
        this.after(fault.forMs, () => { this.proxy.mode = 'pass'; });
        break;
    }
  }

  /** A body that does not end, as a connection: server-sent events, lines. @param end stands behind a frame */
  stream(request: IncomingMessage, response: ServerResponse, end: (frame: string) => string = () => ''): VendorConnection {
    const wire: Wire = {
      write: (data) => void response.write(typeof data === 'string' ? data + end(data) : data),
      close: () => void response.end(),
      buffered: () => response.writableLength,
    };
    const connection = this.#join(wire);
    request.socket.on('close', () => { this.#leave(connection); });
    response.on('close', () => { this.#leave(connection); });
    return connection;
  }

  /** An answer about what happened, as a connection of its own: faults may spoil it. False where garbage takes its place. */
  answer(request: IncomingMessage, response: ServerResponse, body: string, about: readonly MarketItem[], headers: Readonly<Record<string, string>> = {}): boolean {
    const wire: Wire = { write: (data) => void response.write(data), close: () => void response.end(), buffered: () => response.writableLength };
    // Lists have no order of frames to be spoiled.
    const faults: FrameFaults = { truncate: Math.min(1, this.#faults.truncate), reorder: 0, gap: 0, repeat: 0 };
    const connection = new VendorConnection({ id: ++this.#serial, wire, faults, ledger: this.ledger, now: () => this.clock.now(), numbered: () => false });
    connection.deaf = this.#deaf.has(request.socket);
    this.#answersOf(request.socket).push(connection);
    const garbage = this.#waiting.shift();
    if (garbage !== undefined || faults.truncate > 0) response.writeHead(200);
    else response.writeHead(200, headers);
    if (garbage !== undefined) {
      connection.spoil(garbage);
    } else {
      this.#faults.truncate -= faults.truncate;
      connection.send(body, about);
    }
    connection.close(1000, '');
    return garbage === undefined;
  }

  #answersOf(socket: Duplex): VendorConnection[] {
    const before = this.#answers.get(socket);
    if (before) return before;
    const answers: VendorConnection[] = [];
    this.#answers.set(socket, answers);
    socket.once('close', () => {
      this.#answers.delete(socket);
      for (const answer of answers) answer.endedAt = this.clock.now();
    });
    return answers;
  }

  #request(request: IncomingMessage, response: ServerResponse): void {
    const refusal = this.#refused() ?? this.vendor.admit?.(request) ?? null;
    if (refusal) {
      response.writeHead(refusal.status, refusal.headers).end(refusal.body ?? '');
      return;
    }
    if (this.vendor.requested) this.vendor.requested(request, response);
    else response.writeHead(404).end();
  }

  #upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void {
    const refusal = this.#refused() ?? this.vendor.admit?.(request) ?? null;
    if (refusal) {
      const headers = Object.entries(refusal.headers ?? {}).map(([name, value]) => `${name}: ${value}\r\n`);
      socket.end(`HTTP/1.1 ${refusal.status} no\r\n${headers.join('')}content-length: 0\r\nconnection: close\r\n\r\n`);
      return;
    }
    this.#ws.handleUpgrade(request, socket, head, (client) => { this.#accept(client, request); });
  }

  #accept(client: WebSocket, request: IncomingMessage): void {
    const wire: Wire = {
      write: (data) => { client.send(data); },
      // 1005 stands for none.
      close: (code, reason) => { client.close(code === 1005 ? undefined : code, reason); },
      ping: (payload) => { client.ping(payload); },
      buffered: () => client.bufferedAmount,
    };
    const connection = this.#join(wire);
    client.on('error', () => undefined);
    client.on('message', (data: RawData) => {
      const bytes = Buffer.from(data as Buffer);
      this.vendor.received?.(connection, bytes.toString('utf8'), bytes);
    });
    client.on('ping', () => { this.vendor.pinged?.(connection); });
    client.on('pong', (payload: Buffer) => { this.vendor.ponged?.(connection, payload.toString('utf8')); });
    client.on('close', (code) => {
      this.closeCodes.push(code);
      this.#leave(connection);
    });
    this.vendor.connected?.(connection, request);
  }

  #join(wire: Wire): VendorConnection {
    const connection = new VendorConnection({
      id: ++this.#serial,
      wire,
      faults: this.#faults,
      ledger: this.ledger,
      now: () => this.clock.now(),
      numbered: (item) => this.vendor.numbered.includes(item.stream),
    });
    this.connections.add(connection);
    return connection;
  }

  #leave(connection: VendorConnection): void {
    if (!connection.open) return;
    connection.open = false;
    this.connections.delete(connection);
    connection.endedAt = this.clock.now();
    this.vendor.ended?.(connection);
  }

  #refused(): Refusal | null {
    if (this.#refusal && this.clock.now() >= this.#refusal.until) this.#refusal = null;
    return this.#refusal;
  }

  /** In portions, so that those who listen on this machine can breathe. */
  #flood(items: number): void {
    for (let i = Math.min(items, 500); i > 0; i--) this.happen();
    if (items > 500) setImmediate(() => { this.#flood(items - 500); });
  }

  #garbage(): void {
    const { random } = this.market;
    const serial = this.ledger.spoiled.length;
    const kinds = [`not json ${serial}`, `{"broken": ${serial}`, `[${serial}, null]`, `"${serial}"`, `{"nothing": ${serial}}`];
    const frame = kinds[Math.floor(random() * kinds.length)]!;
    for (const connection of this.connections) {
      connection.spoil(frame);
      return;
    }
    if (this.vendor.polled === true) this.#waiting.push(frame);
  }
}
