/** How sources reach the outside: names, certificates, time-outs, and what is refused. */
import type { LookupFunction } from 'node:net';

import { Agent } from 'undici';

import { fail } from '#proto';

import { openStream } from './stream.ts';
import type { RawSocket, TransportOptions } from './transport.ts';
import { openSocket } from './websocket.ts';

export interface NetworkOptions {
  /** Certificates trusted besides the system's, PEM. */
  readonly ca?: string;
  /** In place of the system's resolver. */
  readonly lookup?: LookupFunction;
  /** Until a TCP or TLS connection stands. @default 10_000 */
  readonly connectMs?: number;
  /** Largest WebSocket message. @default 16 MiB */
  readonly maxFrameBytes?: number;
}

/** One pool of connections for all sources of a process. */
export interface Network {
  /** For requests that end. */
  readonly agent: Pick<Agent, 'request'>;
  /** Opens what stays: a WebSocket, or a body that does not end. */
  open(transport: 'websocket' | 'lines' | 'events', options: TransportOptions): RawSocket;
  close(): Promise<void>;
}

export function createNetwork({ ca, lookup, connectMs = 10_000, maxFrameBytes = 16 * 1024 * 1024 }: NetworkOptions = {}): Network {
  const agent = new Agent({
    connect: { timeout: connectMs, ...(ca !== undefined && { ca }), ...(lookup && { lookup }) },
    // HTTP/2 would put sockets of several sources on one connection.
    allowH2: false,
    webSocket: { maxPayloadSize: maxFrameBytes },
  });
  return {
    agent,
    open: (transport, options) => (transport === 'websocket' ? openSocket : openStream)({ ...options, agent, events: transport === 'events' }),
    close: () => agent.destroy(),
  };
}

/** CONFIG_INVALID unless the address is encrypted, or plain text is allowed. Names no query: it may hold a key. */
export function checkUrl(address: string, allowPlainText: boolean): URL {
  let url: URL;
  try {
    url = new URL(address);
  } catch (cause) {
    throw fail('CONFIG_INVALID', 'the address of a source is no URL', { cause });
  }
  if (url.protocol === 'https:' || url.protocol === 'wss:') return url;
  if (url.protocol !== 'http:' && url.protocol !== 'ws:') throw fail('CONFIG_INVALID', `${url.protocol} is no protocol of a source: https, wss`);
  if (!allowPlainText) {
    throw fail('CONFIG_INVALID', `${url.protocol}//${url.host} is plain text: use ${url.protocol === 'ws:' ? 'wss' : 'https'}, or allow it with allow_plain_text`);
  }
  return url;
}
