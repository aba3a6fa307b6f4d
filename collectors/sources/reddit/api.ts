/** Requests to Reddit: a token that is renewed before it ends, and the count that each answer tells of what is left. */
import { fail } from '#proto';

import { fetchText, type HttpReply } from '../../connect/http.ts';
import type { Limiter } from '../../connect/limits.ts';
import type { Live } from '../../live/live.ts';
import type { SecretRef } from '../../secrets.ts';
import { whole } from '../../values/decimal.ts';
import { object, parseJson, text } from '../../values/fields.ts';

/** A token is renewed so long before its end, or at half of its life if that is shorter. */
const EARLY_MS = 300_000;

export interface ApiOptions {
  readonly live: Live;
  readonly url: string;
  readonly tokenUrl: string;
  readonly allowPlainText: boolean;
  readonly clientId: SecretRef;
  readonly clientSecret: SecretRef;
  readonly userAgent: string;
  readonly limiter: Limiter;
  /** For one request. */
  readonly timeoutMs: number;
}

export interface Api {
  /**
   * The body of a 200. @param path with its query
   *
   * @throws SOURCE_UNAVAILABLE, SOURCE_REFUSED
   */
  get(path: string): Promise<string>;
}

interface Token {
  readonly value: string;
  /** By the clock, milliseconds. */
  readonly until: number;
}

export function createApi(options: ApiOptions): Api {
  const { live, url, allowPlainText, userAgent, limiter, timeoutMs } = options;
  const { clock, signal } = live;
  let token: Promise<Token> | null = null;

  /** All who ask at once wait for one. */
  async function current(): Promise<Token> {
    for (;;) {
      token ??= fetchToken(options);
      const asked = token;
      try {
        const found = await asked;
        if (clock.now() < found.until) return found;
      } catch (error) {
        forget(asked);
        throw error;
      }
      forget(asked);
    }
  }
  function forget(one: Promise<Token>): void {
    if (token === one) token = null;
  }

  async function ask(path: string, { value }: Token): Promise<HttpReply> {
    const reply = await fetchText(live, { url: new URL(path, url).href, allowPlainText, limiter, signal, timeoutMs, headers: { 'user-agent': userAgent, authorization: `bearer ${value}` } });
    return heed(reply, limiter);
  }

  return {
    async get(path) {
      let reply = await ask(path, await current());
      if (reply.status === 401) {
        // Ended before its time: once more with another.
        token = null;
        reply = await ask(path, await current());
      }
      if (reply.status === 200) return reply.body;
      throw refusal(`${new URL(url).host}${path.replace(/\?.*/, '')}`, reply);
    },
  };
}

async function fetchToken({ live, tokenUrl, allowPlainText, clientId, clientSecret, userAgent, limiter, timeoutMs }: ApiOptions): Promise<Token> {
  const { clock, environment, signal } = live;
  const [id, secret] = await Promise.all([environment.secret(clientId), environment.secret(clientSecret)]);
  const asked = clock.now();
  const reply = heed(
    await fetchText(live, {
      url: tokenUrl,
      method: 'POST',
      allowPlainText,
      limiter,
      signal,
      timeoutMs,
      headers: {
        'user-agent': userAgent,
        'content-type': 'application/x-www-form-urlencoded',
        authorization: `Basic ${Buffer.from(`${id.reveal()}:${secret.reveal()}`).toString('base64')}`,
      },
      body: 'grant_type=client_credentials',
    }),
    limiter,
  );
  const where = `${new URL(tokenUrl).host}${new URL(tokenUrl).pathname}`;
  if (reply.status !== 200) throw refusal(where, reply);
  // What is no token must not stand in a message: it may be one.
  try {
    const answer = object(parseJson(reply.body), 'body');
    const lifeMs = whole(answer['expires_in'], 'expires_in') * 1000;
    return { value: text(answer['access_token'], 'access_token'), until: asked + Math.max(lifeMs - EARLY_MS, lifeMs / 2) };
  } catch {
    throw fail('SOURCE_UNAVAILABLE', `${where} answered no token`, { details: { status: reply.status } });
  }
}

/** Waits out the window when nothing is left of it: all who share the limiter do. */
function heed(reply: HttpReply, limiter: Limiter): HttpReply {
  const remaining = numberIn(reply, 'x-ratelimit-remaining');
  const reset = numberIn(reply, 'x-ratelimit-reset');
  if (reset === null) return reply;
  const isSpent = remaining === null ? reply.status === 429 : remaining < 1;
  if (!isSpent) return reply;
  limiter.pause(reset * 1000);
  return { ...reply, retryAfterMs: Math.max(reply.retryAfterMs ?? 0, reset * 1000) };
}

function numberIn({ headers }: HttpReply, name: string): number | null {
  const value = headers[name];
  return typeof value === 'string' && /^\d+(\.\d+)?$/.test(value.trim()) ? Number(value) : null;
}

function refusal(where: string, { status, retryAfterMs }: HttpReply): Error {
  const passing = status === 429 || status === 408 || status >= 500;
  const why = status === 401 ? ': the app\'s id or secret is not taken' : status === 403 ? ': private, or not for this app' : status === 404 || (status >= 300 && status < 400) ? ': there is no such subreddit' : '';
  return fail(passing ? 'SOURCE_UNAVAILABLE' : 'SOURCE_REFUSED', `${where} answered ${status}${why}`, { details: { status, retryAfterMs } });
}
