/** Long answers: server-sent events and NDJSON, with heartbeats, and no faster than the client reads. */
import { PassThrough, type Readable } from 'node:stream';

import { asForetickError, type ForetickError } from '#proto';

import { drainOf } from '../drain.ts';
import { errorBody } from './errors.ts';

export interface StreamOptions<T> {
  readonly source: AsyncIterable<T>;
  readonly encode: (item: T) => string;
  /** Text that keeps the connection alive, asked for each time. */
  readonly heartbeat?: { readonly everyMs: number; readonly text: () => string };
  /** Last words to a client whose stream ends with an error. */
  readonly encodeError: (error: ForetickError) => string;
  /** Called once, however the stream ends. */
  readonly onEnd: (error: ForetickError | null) => void;
}

export function streamOf<T>(options: StreamOptions<T>): Readable {
  const out = new PassThrough();
  const gone = new AbortController();
  out.once('close', () => {
    gone.abort();
  });
  void pump(out, gone.signal, options);
  return out;
}

async function pump<T>(out: PassThrough, gone: AbortSignal, options: StreamOptions<T>): Promise<void> {
  const { source, encode, heartbeat, encodeError, onEnd } = options;
  const timer =
    heartbeat &&
    setInterval(() => {
      if (out.writableLength === 0 && !gone.aborted) out.write(heartbeat.text());
    }, heartbeat.everyMs);
  const drained = drainOf(out, gone);
  let failure: ForetickError | null = null;
  try {
    for await (const item of source) {
      if (gone.aborted) break;
      if (!out.write(encode(item))) await drained();
    }
  } catch (error) {
    if (!gone.aborted) failure = asForetickError(error);
  } finally {
    clearInterval(timer);
    onEnd(failure);
    if (!gone.aborted) out.end(failure ? encodeError(failure) : undefined);
  }
}

export const SSE_HEADERS = {
  'content-type': 'text/event-stream; charset=utf-8',
  'cache-control': 'no-store',
  'x-accel-buffering': 'no',
} as const;

/** One event. `data` must be a single line, as JSON is. */
export function sseEvent(event: { readonly id?: string; readonly name?: string; readonly data: string }): string {
  const id = event.id === undefined ? '' : `id: ${event.id}\n`;
  const name = event.name === undefined ? '' : `event: ${event.name}\n`;
  return `${id}${name}data: ${event.data}\n\n`;
}

/** The error as an event named `foretick-error`: `error` is what browsers call a lost connection. */
export function sseError(error: ForetickError): string {
  return sseEvent({ name: 'foretick-error', data: JSON.stringify(errorBody(error)) });
}
