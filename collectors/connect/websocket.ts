/**
 * One WebSocket connection on undici, from its first byte to its last: what the browser's interface lacks is put beside it
 * (status of a refused upgrade, holding back the reader, when the last byte came, cutting off).
 */
import type { Duplex } from 'node:stream';

import { DecoratorHandler, WebSocket, ping, type Dispatcher } from 'undici';

import type { FailureCause } from './ladder.ts';
import { retryAfterMs } from './retry-after.ts';
import { endOf, type RawSocket, type NetworkTransportOptions } from './transport.ts';

interface Upgrade {
  socket: Duplex | null;
  status: number;
  retryAfterMs: number | null;
}

/** Watches the upgrade: gives the raw socket, or says how it was refused. */
class UpgradeWatch extends DecoratorHandler {
  readonly #inner: Dispatcher.DispatchHandler;
  readonly #upgrade: Upgrade;
  readonly #now: () => number;

  constructor(inner: Dispatcher.DispatchHandler, upgrade: Upgrade, now: () => number) {
    super(inner);
    this.#inner = inner;
    this.#upgrade = upgrade;
    this.#now = now;
  }

  onRequestUpgrade(controller: Dispatcher.DispatchController, status: number, headers: Record<string, string | string[]>, socket: Duplex): void {
    this.#upgrade.socket = socket;
    this.#inner.onRequestUpgrade?.(controller, status, headers, socket);
  }

  onResponseStart(controller: Dispatcher.DispatchController, status: number, headers: Record<string, string | string[]>, message?: string): void {
    this.#upgrade.status = status;
    this.#upgrade.retryAfterMs = retryAfterMs(headers, this.#now());
    this.#inner.onResponseStart?.(controller, status, headers, message);
  }
}

export function openSocket(options: NetworkTransportOptions): RawSocket {
  const { url, headers, protocols, agent, clock, onOpen, onFrame, onEnd } = options;
  const upgrade: Upgrade = { socket: null, status: 0, retryAfterMs: null };
  const dispatcher = agent.compose((dispatch) => (request, handler) => dispatch(request, new UpgradeWatch(handler, upgrade, () => clock.now())));
  const ws = new WebSocket(url.href, { headers: { ...headers }, protocols: [...protocols], dispatcher });
  ws.binaryType = 'arraybuffer';
  let lastByte = clock.now();
  let held = false;
  let opened = false;
  let verdict: { cause: FailureCause | 'closed'; message: string } | null = null;
  let ended = false;
  let resolveEnded = (): void => undefined;
  const whenEnded = new Promise<void>((resolve) => {
    resolveEnded = resolve;
  });
  let lastError = '';

  const end = (code: number, reason: string): void => {
    if (ended) return;
    ended = true;
    const refusal = opened || upgrade.status === 101 ? 0 : upgrade.status;
    onEnd(endOf({ verdict, opened, refusal, retryAfterMs: upgrade.retryAfterMs, code, reason, error: lastError }));
    resolveEnded();
  };

  ws.addEventListener('open', () => {
    opened = true;
    lastByte = clock.now();
    upgrade.socket?.on('data', () => {
      lastByte = clock.now();
    });
    // undici resumes the socket by itself when its parser has caught up.
    upgrade.socket?.on('resume', () => {
      if (held) upgrade.socket?.pause();
    });
    onOpen();
  });
  ws.addEventListener('message', ({ data }) => {
    if (ended || verdict) return;
    onFrame(typeof data === 'string' ? data : new Uint8Array(data as ArrayBuffer));
  });
  ws.addEventListener('error', (event) => {
    const error: unknown = event.error;
    const root = error instanceof Error && error.cause instanceof Error ? error.cause : error;
    lastError = root instanceof Error ? root.message : '';
  });
  ws.addEventListener('close', ({ code, reason }) => {
    end(code, reason);
  });

  const cutOff = (): void => {
    if (upgrade.socket) upgrade.socket.destroy();
    else ws.close();
  };
  return {
    send(data) {
      if (ws.readyState === WebSocket.OPEN) ws.send(data);
    },
    ping() {
      if (ws.readyState === WebSocket.OPEN) ping(ws);
    },
    buffered: () => ws.bufferedAmount,
    lastByte: () => lastByte,
    hold(now) {
      held = now;
      if (now) upgrade.socket?.pause();
      else {
        // What the vendor could not send while we held back is no silence.
        lastByte = clock.now();
        upgrade.socket?.resume();
      }
    },
    async close(code, reason, graceMs) {
      if (ended) return;
      verdict ??= { cause: 'closed', message: reason };
      held = false;
      upgrade.socket?.resume();
      ws.close(code, reason);
      const waiting = new AbortController();
      await Promise.race([whenEnded, clock.sleep(graceMs, waiting.signal)]);
      waiting.abort();
      cutOff();
      end(1006, reason);
    },
    cut(cause, message) {
      if (ended) return;
      verdict ??= { cause, message };
      cutOff();
      end(1006, message);
    },
  };
}
