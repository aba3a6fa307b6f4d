/** What a connection needs of what carries it: a WebSocket, or an HTTP body that does not end. */
import type { Dispatcher } from 'undici';

import type { Clock } from '../clock.ts';
import type { FailureCause } from './ladder.ts';

export interface SocketEnd {
  /** `closed`: by us. */
  readonly cause: FailureCause | 'closed';
  /** Close code, or 1006; the status of a refused upgrade. */
  readonly code: number;
  readonly message: string;
  /** What the vendor asked for in a refusal, milliseconds. */
  readonly retryAfterMs: number | null;
}

export interface TransportOptions {
  readonly url: URL;
  readonly headers: Readonly<Record<string, string>>;
  /** WebSocket subprotocols. */
  readonly protocols: readonly string[];
  readonly clock: Clock;
  readonly onOpen: () => void;
  readonly onFrame: (data: string | Uint8Array) => void;
  /** Once, whatever happens. Nothing is told afterwards. */
  readonly onEnd: (end: SocketEnd) => void;
}

/** What the network adds. */
export interface NetworkTransportOptions extends TransportOptions {
  /** Of a body: cut at blank lines (server-sent events) instead of at each line. */
  readonly events: boolean;
  readonly agent: Dispatcher;
}

export interface RawSocket {
  send(data: string | Uint8Array): void;
  ping(): void;
  /** Bytes sent but not taken by the network yet. */
  buffered(): number;
  /** When the last byte came, by the clock; the opening counts as one. */
  lastByte(): number;
  /** Stops reading, so that the vendor's side has to wait; or goes on. */
  hold(held: boolean): void;
  /** Closes with this code, and cuts off when the other side does not answer in `graceMs`. */
  close(code: number, reason: string, graceMs: number): Promise<void>;
  /** Ends it at once, for this reason. */
  cut(cause: FailureCause, message: string): void;
}

/** Why it ended, from all that is known of it. */
export function endOf(known: {
  /** Ours, when we ended it. */
  readonly verdict: Pick<SocketEnd, 'cause' | 'message'> | null;
  readonly opened: boolean;
  /** HTTP status of a refusal; 0 when it was none. */
  readonly refusal: number;
  readonly retryAfterMs: number | null;
  readonly code: number;
  readonly reason: string;
  /** Text of the last error; '' when there was none. */
  readonly error: string;
}): SocketEnd {
  const { verdict, opened, refusal, retryAfterMs, code, reason, error } = known;
  if (verdict) return { ...verdict, code, retryAfterMs };
  if (refusal !== 0) return { cause: refusal === 429 ? 'rate-limited' : 'http-error', code: refusal, message: `answered ${refusal}`, retryAfterMs };
  if (!opened) return { cause: 'unreachable', code, message: error === '' ? 'no connection' : error, retryAfterMs: null };
  const why = reason === '' ? error : reason;
  return { cause: 'dropped', code, message: why === '' ? `closed with ${code}` : `closed with ${code}: ${why}`, retryAfterMs: null };
}
