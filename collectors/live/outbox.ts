/**
 * What a live source has to say, between its decoders and the queue: rows are written straight into columns while the
 * batch before is being sent. Bounded: at half its size it asks readers to hold back; what was under way then may make it
 * grow to four times its size, and what comes beyond that is refused, counted and reported.
 */
import { TickKind, createTicks, invalidTick, type Alert, type Post, type TickColumns } from '#proto';

import type { Emission, Rejection } from '../port.ts';

export interface OutboxOptions {
  readonly source: string;
  /** Rows and posts of one batch, each. @default 8192 */
  readonly capacity?: number;
  /** Records that found no room, of one stream and instrument since the last batch. */
  readonly onLost?: (lost: Lost) => void;
}

export interface Lost {
  readonly stream: 'trade' | 'quote' | 'bar' | 'post';
  readonly instrument: string;
  readonly count: number;
  /** Receipt times, microseconds. */
  readonly fromUs: number;
  readonly toUs: number;
}

/** How much it may grow by what was under way when readers were asked to hold back. */
const MOST = 4;

/** Dead letters of one batch; more are counted by code. A broken feed must not fill the topic. */
const MAX_REJECTIONS = 64;

/** Characters or bytes of a dead letter; longer frames are cut. The queue takes no record that is as long as the longest frame. */
const MAX_REJECTED_BYTES = 256 * 1024;

/** Characters of a post: no network's are as long, and no queue takes a record of any length. */
const MAX_TEXT = 256 * 1024;

/** A batch that is ready to be sent. */
export interface Batch extends Emission {
  readonly rejections: readonly Rejection[];
  /** Receipt time of the oldest row or post; 0 when there is none. */
  readonly oldest: number;
}

export class Outbox {
  readonly #source: string;
  readonly #capacity: number;
  readonly #onLost: (lost: Lost) => void;
  #lost = new Map<string, Lost>();
  /** Set while a refused row is the caller's to report. */
  #attempting = false;
  #refused = false;
  #filling: TickColumns;
  #spare: TickColumns;
  readonly #places = new Map<string, number>();
  #posts: Post[] = [];
  #alerts: Alert[] = [];
  #rejections: Rejection[] = [];
  #oldest = 0;
  #frames = new Map<string, number>();
  #skipped = new Map<string, number>();
  #bytes = 0;
  #held = false;
  readonly #gates = new Set<(held: boolean) => void>();
  #wake: () => void = () => undefined;
  // The frame being decoded: what a refusal of one of its rows shows.
  #origin = '';
  #data: string | Uint8Array = '';
  #receipt = 0;
  #lag = 0;

  constructor({ source, capacity = 8192, onLost = () => undefined }: OutboxOptions) {
    this.#onLost = onLost;
    this.#source = source;
    this.#capacity = capacity;
    this.#filling = createTicks(capacity, source);
    this.#spare = createTicks(capacity, source);
  }

  /** Receipt time of the frame being decoded, microseconds. */
  get receipt(): number {
    return this.#receipt;
  }

  /** How long after the event the newest row was received, microseconds, at most ten minutes: what we are behind by. */
  get lag(): number {
    return this.#lag;
  }

  get held(): boolean {
    return this.#held;
  }

  get empty(): boolean {
    return this.#filling.length === 0 && this.#posts.length === 0 && this.#alerts.length === 0 && this.#rejections.length === 0;
  }

  /**
   * Runs `decode` on one frame or body, synchronously: its rows get this receipt time. What it throws as MALFORMED_RECORD or
   * VALUE_OUT_OF_RANGE rejects the frame; other errors are thrown on.
   *
   * @param decode returns what the frame was, to be counted
   */
  frame(origin: string, data: string | Uint8Array, receipt: number, decode: () => string): void {
    this.#origin = origin;
    this.#data = data;
    this.#receipt = receipt;
    let kind: string;
    try {
      kind = decode();
    } catch (error) {
      const { code, message } = error as { code?: unknown; message?: unknown };
      if (code !== 'MALFORMED_RECORD' && code !== 'VALUE_OUT_OF_RANGE') throw error;
      this.reject(code, String(message));
      kind = 'rejected';
    }
    this.#frames.set(kind, (this.#frames.get(kind) ?? 0) + 1);
    this.#bytes += data.length;
  }

  /** A row whose values are out of range is a dead letter; one for which there is no room is counted and reported. */
  quote(instrument: string, eventTime: number, sequence: number, bid: number, bidSize: number, ask: number, askSize: number): void {
    const i = this.#row('quote', instrument, TickKind.QUOTE, eventTime, sequence);
    if (i < 0) return;
    const ticks = this.#filling;
    ticks.bid[i] = bid;
    ticks.bidSize[i] = bidSize;
    ticks.ask[i] = ask;
    ticks.askSize[i] = askSize;
    this.#judge(i);
  }

  /** @param side of the aggressor: `TickSide` */
  trade(instrument: string, eventTime: number, sequence: number, price: number, size: number, side: number): void {
    const i = this.#row('trade', instrument, TickKind.TRADE, eventTime, sequence);
    if (i < 0) return;
    const ticks = this.#filling;
    ticks.price[i] = price;
    ticks.size[i] = size;
    ticks.side[i] = side;
    this.#judge(i);
  }

  /** @param bar `interval` in microseconds; `eventTime` is its close */
  bar(
    instrument: string,
    eventTime: number,
    sequence: number,
    bar: { readonly open: number; readonly high: number; readonly low: number; readonly close: number; readonly volume: number; readonly interval: number },
  ): void {
    const i = this.#row('bar', instrument, TickKind.BAR, eventTime, sequence);
    if (i < 0) return;
    const ticks = this.#filling;
    ticks.open[i] = bar.open;
    ticks.high[i] = bar.high;
    ticks.low[i] = bar.low;
    ticks.price[i] = bar.close;
    ticks.size[i] = bar.volume;
    ticks.interval[i] = bar.interval;
    this.#judge(i);
  }

  /** The source, the receipt time and `synthetic: false` are filled in. */
  post(post: Pick<Post, 'instrument' | 'eventTimeUs' | 'postId' | 'author' | 'text' | 'language'>): void {
    if (post.text.length > MAX_TEXT) {
      this.reject('VALUE_OUT_OF_RANGE', `a post of ${post.text.length} characters`);
      return;
    }
    if (this.#posts.length >= MOST * this.#capacity) {
      this.#overflow('post', post.instrument);
      return;
    }
    const { instrument, eventTimeUs, postId, author, text, language } = post;
    // Field by field: a spread takes several times as long.
    this.#posts.push({ instrument, eventTimeUs, postId, author, text, language, source: this.#source, receiptTimeUs: this.#receipt, synthetic: false, watermark: undefined });
    this.#added();
  }

  /** Runs `write`; false when it found no room, which the caller can then mend: it is not reported as lost. */
  attempt(write: () => void): boolean {
    this.#attempting = true;
    this.#refused = false;
    try {
      write();
    } finally {
      this.#attempting = false;
    }
    return !this.#refused;
  }

  /** The frame being decoded, or a row of it, cannot be read: a dead letter. */
  reject(code: Rejection['code'], message: string): void {
    if (this.#rejections.length >= MAX_REJECTIONS) {
      this.skip(code);
      return;
    }
    const { length } = this.#data;
    const kept = this.#data.slice(0, MAX_REJECTED_BYTES);
    const bytes = typeof kept === 'string' ? Buffer.from(kept) : kept;
    const why = length > kept.length ? `${message} (the first ${kept.length} of ${length})` : message;
    this.#rejections.push({ code, message: why, origin: this.#origin, row: 0, receiptTime: this.#receipt, bytes });
    this.#wake();
  }

  /** Counts a record that is not published, by why. */
  skip(why: string, count = 1): void {
    this.#skipped.set(why, (this.#skipped.get(why) ?? 0) + count);
  }

  alert(alert: Alert): void {
    this.#alerts.push(alert);
    this.#wake();
  }

  /** Told true when readers should hold back and false when they may go on. Returns how to end it. */
  onHeld(tell: (held: boolean) => void): () => void {
    this.#gates.add(tell);
    return () => this.#gates.delete(tell);
  }

  /** Called when there is something to send. */
  onWork(wake: () => void): void {
    this.#wake = wake;
  }

  /** Resolves when there is room, or on abort: for sources that fetch. */
  async room(signal: AbortSignal): Promise<void> {
    if (!this.#held || signal.aborted) return;
    await new Promise<void>((resolve) => {
      const end = this.onHeld((held) => {
        if (!held) done();
      });
      const done = (): void => {
        end();
        signal.removeEventListener('abort', done);
        resolve();
      };
      signal.addEventListener('abort', done);
    });
  }

  /** Takes what there is; the columns are free again after the next `take`. */
  take(): Batch {
    for (const lost of this.#lost.values()) this.#onLost(lost);
    this.#lost.clear();
    // One that had to grow is left to the collector when it was sent.
    if (this.#spare.capacity > this.#capacity) this.#spare = createTicks(this.#capacity, this.#source);
    const ticks = this.#filling;
    this.#filling = this.#spare;
    this.#spare = ticks;
    this.#filling.length = 0;
    this.#filling.instruments.length = 0;
    this.#places.clear();
    const batch: Batch = {
      ...(ticks.length > 0 && { ticks }),
      ...(this.#posts.length > 0 && { posts: this.#posts }),
      ...(this.#alerts.length > 0 && { alerts: this.#alerts }),
      rejections: this.#rejections,
      oldest: this.#oldest,
    };
    this.#posts = [];
    this.#alerts = [];
    this.#rejections = [];
    this.#oldest = 0;
    if (this.#held) this.#hold(false);
    return batch;
  }

  /** Counts since the last call; null when there are none. */
  traffic(): { frames: ReadonlyMap<string, number>; bytes: number; skipped: ReadonlyMap<string, number> } | null {
    if (this.#frames.size === 0 && this.#skipped.size === 0) return null;
    const counts = { frames: this.#frames, bytes: this.#bytes, skipped: this.#skipped };
    this.#frames = new Map();
    this.#skipped = new Map();
    this.#bytes = 0;
    return counts;
  }

  #row(stream: Lost['stream'], instrument: string, kind: number, eventTime: number, sequence: number): number {
    const i = this.#filling.length;
    if (i === this.#filling.capacity && !this.#grow()) {
      this.#overflow(stream, instrument);
      return -1;
    }
    const ticks = this.#filling;
    let place = this.#places.get(instrument);
    if (place === undefined) {
      place = ticks.instruments.push(instrument) - 1;
      this.#places.set(instrument, place);
    }
    ticks.instrument[i] = place;
    ticks.kind[i] = kind;
    ticks.eventTime[i] = eventTime;
    ticks.receiptTime[i] = this.#receipt;
    ticks.sequence[i] = sequence;
    clearRow(ticks, i);
    return i;
  }

  #judge(i: number): void {
    const ticks = this.#filling;
    const why = invalidTick(ticks, i);
    if (why !== null) {
      this.reject('VALUE_OUT_OF_RANGE', `${ticks.instruments[ticks.instrument[i]!]!}: ${why}`);
      return;
    }
    ticks.length = i + 1;
    this.#lag = Math.min(600e6, Math.max(0, this.#receipt - ticks.eventTime[i]!));
    this.#added();
  }

  #grow(): boolean {
    const ticks = this.#filling;
    if (ticks.capacity >= MOST * this.#capacity) return false;
    this.#filling = grown(ticks, Math.min(2 * ticks.capacity, MOST * this.#capacity));
    return true;
  }

  #added(): void {
    if (this.#oldest === 0) this.#oldest = this.#receipt;
    if (!this.#held && Math.max(this.#filling.length, this.#posts.length) >= this.#capacity / 2) this.#hold(true);
    this.#wake();
  }

  #overflow(stream: Lost['stream'], instrument: string): void {
    this.skip('overflow');
    this.#refused = true;
    if (this.#attempting) return;
    const key = `${stream} ${instrument}`;
    const before = this.#lost.get(key);
    this.#lost.set(key, { stream, instrument, count: (before?.count ?? 0) + 1, fromUs: before?.fromUs ?? this.#receipt, toUs: this.#receipt });
  }

  #hold(held: boolean): void {
    this.#held = held;
    for (const tell of this.#gates) tell(held);
  }
}

function grown(ticks: TickColumns, capacity: number): TickColumns {
  const larger = createTicks(capacity, ticks.source, ticks.instruments);
  larger.length = ticks.length;
  for (const [key, column] of Object.entries(ticks)) {
    if (ArrayBuffer.isView(column)) (larger[key as 'price']).set(column as Float64Array);
  }
  return larger;
}

function clearRow(ticks: TickColumns, i: number): void {
  ticks.price[i] = 0;
  ticks.size[i] = 0;
  ticks.side[i] = 0;
  ticks.bid[i] = 0;
  ticks.bidSize[i] = 0;
  ticks.ask[i] = 0;
  ticks.askSize[i] = 0;
  ticks.open[i] = 0;
  ticks.high[i] = 0;
  ticks.low[i] = 0;
  ticks.interval[i] = 0;
}
