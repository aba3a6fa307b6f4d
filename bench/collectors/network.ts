/** A network without sockets: who opens something is handed frames by the bench. */
import type { Clock, Network, TransportOptions } from '#collectors';

import type { TapeAnswer } from './tape.ts';

/** @param opened gets what was opened, in order @param answer the next one to a request */
export function playedNetwork(clock: Clock, opened: TransportOptions[], answer: (signal: AbortSignal | undefined) => Promise<TapeAnswer>): Network {
  return {
    open(_transport, options) {
      opened.push(options);
      setImmediate(() => { options.onOpen(); });
      return {
        send: () => undefined,
        ping: () => undefined,
        buffered: () => 0,
        lastByte: () => clock.now(),
        hold: () => undefined,
        close: (code, message) => {
          options.onEnd({ cause: 'closed', code, message, retryAfterMs: null });
          return Promise.resolve();
        },
        cut: (cause, message) => { options.onEnd({ cause, code: 1006, message, retryAfterMs: null }); },
      };
    },
    agent: {
      request: (async ({ signal }: { readonly signal?: AbortSignal }) => {
        const { status, headers, body } = await answer(signal);
        return { statusCode: status, headers, body: [body] };
      }) as unknown as Network['agent']['request'],
    },
    close: () => Promise.resolve(),
  };
}
