/** HTTP requests that end: polling and back-fills. */
import { fail } from '#proto';

import type { Live } from '../live/live.ts';
import type { Limiter } from './limits.ts';
import { checkUrl } from './network.ts';
import { retryAfterMs } from './retry-after.ts';

export interface HttpRequest {
  /** May hold a key: never logged but for its host and path. */
  readonly url: string;
  readonly allowPlainText?: boolean;
  /** @default 'GET' */
  readonly method?: 'GET' | 'POST' | 'DELETE';
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
  /** The vendor's cap. */
  readonly limiter?: Limiter;
  /** For the whole of it. @default 10_000 */
  readonly timeoutMs?: number;
  /** Longer bodies are refused. @default 8 MiB */
  readonly maxBytes?: number;
  readonly signal: AbortSignal;
}

export interface HttpReply {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: string;
  /** Microseconds. */
  readonly receipt: number;
  readonly retryAfterMs: number | null;
}

/** Any answer of the vendor. SOURCE_UNAVAILABLE when there is none. */
export async function fetchText(live: Live, request: HttpRequest): Promise<HttpReply> {
  const { method = 'GET', headers = {}, body, limiter, timeoutMs = 10_000, maxBytes = 8 * 1024 * 1024, allowPlainText = false } = request;
  const url = checkUrl(request.url, allowPlainText);
  const where = `${url.host}${url.pathname}`;
  await limiter?.take(request.signal);
  // Not AbortSignal.any: a signal that lives as long as its source keeps a reference to each that was made of it.
  const over = new AbortController();
  const stop = (): void => { over.abort(); };
  request.signal.addEventListener('abort', stop);
  if (request.signal.aborted) stop();
  const deadline = { isPast: false };
  void live.clock.sleep(timeoutMs, over.signal).then(() => {
    if (over.signal.aborted) return;
    deadline.isPast = true;
    over.abort();
  });
  try {
    const answer = await live.environment.network.agent.request({
      origin: url.origin,
      path: url.pathname + url.search,
      method,
      headers: { ...headers },
      ...(body !== undefined && { body }),
      signal: over.signal,
    });
    const chunks: Buffer[] = [];
    let size = 0;
    for await (const chunk of answer.body as AsyncIterable<Buffer>) {
      size += chunk.length;
      if (size > maxBytes) throw fail('SOURCE_UNAVAILABLE', `${where} answers more than ${maxBytes} bytes`);
      chunks.push(chunk);
    }
    const wait = retryAfterMs(answer.headers, live.clock.now());
    // All who share the cap wait as long as they are asked to.
    if ((answer.statusCode === 429 || answer.statusCode === 503) && wait !== null) limiter?.pause(wait);
    return { status: answer.statusCode, headers: answer.headers, body: Buffer.concat(chunks).toString('utf8'), receipt: live.receipt(), retryAfterMs: wait };
  } catch (cause) {
    if (request.signal.aborted) throw fail('SHUTTING_DOWN', 'stopping', { cause });
    const silent = deadline.isPast;
    const why = silent ? `no answer in ${timeoutMs} ms` : cause instanceof Error ? cause.message : String(cause);
    throw fail('SOURCE_UNAVAILABLE', live.environment.redact(`${where}: ${why}`), { cause, details: { silent } });
  } finally {
    // Without the error that an abort makes by itself.
    request.signal.removeEventListener('abort', stop);
    over.abort(null);
  }
}

/**
 * The body of a 200. SOURCE_UNAVAILABLE for 429, 5xx and 408; SOURCE_REFUSED for other answers.
 *
 * @param also other answers that are good: 304
 */
export async function fetchOk(live: Live, request: HttpRequest, also: readonly number[] = []): Promise<HttpReply> {
  const reply = await fetchText(live, request);
  if (reply.status === 200 || also.includes(reply.status)) return reply;
  const { host, pathname } = new URL(request.url);
  const passing = reply.status === 429 || reply.status === 408 || reply.status >= 500;
  throw fail(passing ? 'SOURCE_UNAVAILABLE' : 'SOURCE_REFUSED', `${host}${pathname} answered ${reply.status}`, {
    details: { status: reply.status, retryAfterMs: reply.retryAfterMs },
  });
}
