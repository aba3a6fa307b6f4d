/**
 * A live source: runs the vendor's code beside the loop that sends what it says. Rows, what they cover and, once in a while,
 * a watermark are one emission. When sending fails the vendor's code is stopped and the supervisor starts it all again
 * from what was committed.
 */
import { setMaxListeners } from 'node:events';

import { hasAborted } from '../clock.ts';
import type { SourceEnvironment } from '../kind.ts';
import type { Source, SourceContext } from '../port.ts';
import { fixedInstruments, type InstrumentSet } from './instruments.ts';
import { createLive, type Live } from './live.ts';
import { Outbox } from './outbox.ts';

export interface LiveOptions {
  readonly name: string;
  readonly environment: SourceEnvironment;
  /** Used where nobody else hands out instruments: as in their ids, without the venue. */
  readonly instruments: readonly string[];
  /** Time between two watermarks, microseconds. @default 1 s */
  readonly watermarkUs?: number;
  /** How long rows may wait for more to be sent with them, microseconds. @default 5 ms */
  readonly lingerUs?: number;
  /** Rows between the vendor and the queue. @default 8192 */
  readonly bufferRows?: number;
  /** The vendor's code. Returns soon after `live.signal` aborts, or when there is nothing more. */
  readonly run: (live: Live) => Promise<void>;
}

export function liveSource(options: LiveOptions): Source {
  return { name: options.name, run: (context) => runLive(options, context) };
}

async function runLive(options: LiveOptions, context: SourceContext): Promise<void> {
  const { name, environment, run, bufferRows = 8192 } = options;
  const stopping = new AbortController();
  const stop = (): void => {
    stopping.abort();
  };
  context.signal.addEventListener('abort', stop);
  if (context.signal.aborted) stop();
  // Repairs, watchdogs and connections wait on it, as many as there are instruments.
  setMaxListeners(0, stopping.signal);
  const out = new Outbox({
    source: name,
    capacity: bufferRows,
    onLost: ({ stream, instrument, count, fromUs, toUs }) => {
      live.gapClosed({ stream, instruments: [instrument], missed: count, fromUs, toUs, cause: 'overflow' });
    },
  });
  const given = environment.instruments?.(name) ?? fixedInstruments(options.instruments);
  // What was read of instruments that are let go is written before others are told that they may have them.
  const instruments: InstrumentSet = { current: () => given.current(), changed: (signal) => given.changed(signal), applied: (symbols) => void sender.flush().then(() => given.applied?.(symbols)), ...(given.covered && { covered: (instrument) => given.covered!(instrument) }) };
  const live = createLive({ name, context, signal: stopping.signal, environment, out, instruments });
  const sender = new Sender(options, context, live);
  const sending = sender.loop(stopping.signal).catch((error: unknown) => {
    stop();
    throw error;
  });
  // It is awaited below; until then its failure must not count as unhandled.
  sending.catch(() => undefined);
  try {
    await run(live);
  } finally {
    stop();
    context.signal.removeEventListener('abort', stop);
    await sending;
  }
  await sender.send(true);
}

class Sender {
  readonly #context: SourceContext;
  readonly #live: Live;
  readonly #watermarkMs: number;
  readonly #lingerMs: number;
  #nextWatermark: number;
  #flushing: (() => void)[] = [];
  #wake = (): void => undefined;

  constructor({ watermarkUs = 1e6, lingerUs = 5000 }: LiveOptions, context: SourceContext, live: Live) {
    this.#context = context;
    this.#live = live;
    this.#watermarkMs = watermarkUs / 1000;
    this.#lingerMs = lingerUs / 1000;
    this.#nextWatermark = live.clock.now();
    live.out.onWork(() => { this.#wake(); });
    let told = false;
    live.out.onHeld((held) => {
      if (held !== told) live.observe({ type: held ? 'held-back' : 'released' });
      told = held;
    });
  }

  async loop(signal: AbortSignal): Promise<void> {
    const { clock, out } = this.#live;
    while (!signal.aborted) {
      const due = this.#nextWatermark - clock.now();
      if (out.empty && due > 0 && this.#flushing.length === 0) await this.#work(due, signal);
      else if (!out.held && this.#flushing.length === 0) await clock.sleep(Math.min(this.#lingerMs, Math.max(0, due)), signal);
      if (!hasAborted(signal)) await this.send(false);
    }
  }

  /** Until there is something to send, the next watermark is due, or abort. */
  async #work(ms: number, signal: AbortSignal): Promise<void> {
    const { clock, out } = this.#live;
    const woken = new AbortController();
    const wake = (): void => {
      // Once, and without the error that an abort makes by itself: rows come by thousands while the loop wakes up.
      this.#wake = () => undefined;
      woken.abort(null);
    };
    signal.addEventListener('abort', wake);
    this.#wake = wake;
    if (out.empty && !signal.aborted) await clock.sleep(ms, woken.signal);
    this.#wake = () => undefined;
    signal.removeEventListener('abort', wake);
  }

  /** Resolves when all that was written before the call is durable, with a position of this moment; never when the source has stopped. */
  flush(): Promise<void> {
    return new Promise((resolve) => {
      this.#flushing.push(resolve);
      this.#wake();
    });
  }

  async send(last: boolean): Promise<void> {
    const { clock, out, positions } = this.#live;
    const flushed = this.#flushing;
    this.#flushing = [];
    const isDue = last || flushed.length > 0 || clock.now() >= this.#nextWatermark;
    // Taken before the batch: what arrives later has no earlier receipt time.
    const upTo = this.#live.receipt();
    const { rejections, oldest, ...batch } = out.take();
    const cursors = positions.take(upTo);
    const cursor = positions.takeSource(isDue, upTo);
    for (const rejection of rejections) this.#context.reject(rejection);
    const traffic = out.traffic();
    if (traffic) this.#live.observe({ type: 'traffic', ...traffic });
    if (isDue) this.#nextWatermark = clock.now() + this.#watermarkMs;
    await this.#context.emit({
      ...batch,
      ...(isDue && { watermark: upTo }),
      ...(cursors.length > 0 && { cursors }),
      ...(cursor && { cursor }),
    });
    positions.committed();
    for (const tell of flushed) tell();
    if (oldest > 0) this.#live.observe({ type: 'published', lagUs: this.#live.receipt() - oldest });
  }
}
