/** What Yahoo's quotes want: a cookie, and a crumb that goes with it. Both are kept in memory, and in no text that is printed. */
import { fail } from '#proto';

import { fetchText } from '../../connect/http.ts';
import type { Limiter } from '../../connect/limits.ts';
import type { Live } from '../../live/live.ts';
import type { YahooOptions } from './options.ts';

export interface Credentials {
  readonly cookie: string;
  readonly crumb: string;
}

export interface Crumbs {
  /** @throws SOURCE_UNAVAILABLE, SECRET_UNREADABLE */
  get(): Promise<Credentials>;
  /** They are not taken any more. */
  forget(): void;
}

export function createCrumbs(live: Live, { rest_url, cookie_url, cookie: given, user_agent, allow_plain_text: allowPlainText }: YahooOptions, limiter: Limiter): Crumbs {
  const { signal, environment } = live;
  let held: Credentials | null = null;
  const ask = (url: string, headers: Readonly<Record<string, string>>) => fetchText(live, { url, allowPlainText, limiter, signal, headers: { 'user-agent': user_agent, ...headers } });

  async function findCookie(): Promise<string> {
    if (given) return (await environment.secret(given)).reveal();
    // Whatever the page is: the cookie comes with a 404, too.
    const { status, headers, retryAfterMs } = await ask(cookie_url, { accept: 'text/html' });
    const cookies = [headers['set-cookie'] ?? []].flat().map((cookie) => cookie.split(';', 1)[0]!);
    if (cookies.length === 0) throw fail('SOURCE_UNAVAILABLE', `Yahoo gave no cookie (${status})`, { details: { status, retryAfterMs } });
    return cookies.join('; ');
  }

  async function find(): Promise<Credentials> {
    const cookie = await findCookie();
    const { status, body, retryAfterMs } = await ask(`${rest_url}/v1/test/getcrumb`, { cookie });
    if (status !== 200 || !/^[^\s<>{}]{4,64}$/.test(body)) throw fail('SOURCE_UNAVAILABLE', `Yahoo gave no crumb (${status})`, { details: { status, retryAfterMs } });
    return { cookie, crumb: body };
  }

  return {
    get: async () => (held ??= await find()),
    forget: () => { held = null; },
  };
}
