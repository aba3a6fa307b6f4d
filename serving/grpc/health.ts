/**
 * gRPC's health checking protocol, version 1 (grpc.io/docs/guides/health-checking): the same truth as `/readyz`, for balancers
 * and clients that ask over gRPC, and for those that watch it and turn away before a deploy cuts them off.
 */
import type { ServerWritableStream, UntypedServiceImplementation, sendUnaryData } from '@grpc/grpc-js';

import { asForetickError, fail, hasCode } from '#proto';
import { HealthCheckResponse_ServingStatus as ServingStatus, type HealthCheckRequest, type HealthCheckResponse, type HealthListResponse } from '#proto/grpc';

import type { StreamSlot, StreamSlots } from '../streams.ts';
import { serviceError } from './status.ts';
import { decoded, type Undecodable } from './undecodable.ts';

export interface Readiness {
  /** Whether requests are taken. */
  ready(): boolean;
  /** Resolves when it was ready for the first time. */
  loaded(): Promise<void>;
}

export interface HealthContext {
  readonly readiness: Readiness;
  readonly slots: StreamSlots;
}

/** @param services full names that share the status of the server; the empty name stands for it */
export function healthHandlers({ readiness, slots }: HealthContext, services: readonly string[]): UntypedServiceImplementation {
  const names = ['', ...services];
  const now = (): HealthCheckResponse => ({ status: readiness.ready() ? ServingStatus.SERVING : ServingStatus.NOT_SERVING });

  const waiting = new Set<() => void>();
  let isAwaited = false;
  /** One wait for all: what is asked of a promise stands in it until it resolves, though the client has long gone. */
  function whenReady(tell: () => void, signal: AbortSignal): void {
    waiting.add(tell);
    signal.addEventListener('abort', () => waiting.delete(tell), { once: true });
    if (isAwaited) return;
    isAwaited = true;
    void readiness.loaded().then(() => {
      for (const one of waiting) one();
      waiting.clear();
    });
  }

  return {
    check(call: { readonly request: HealthCheckRequest | Undecodable }, callback: sendUnaryData<HealthCheckResponse>): void {
      try {
        const { service } = decoded(call.request);
        if (!names.includes(service)) throw fail('UNKNOWN_ROUTE', `no service is called ${JSON.stringify(service.slice(0, 200))}`);
        callback(null, now());
      } catch (error) {
        callback(serviceError(asForetickError(error)));
      }
    },
    list(_call: unknown, callback: sendUnaryData<HealthListResponse>): void {
      callback(null, { statuses: Object.fromEntries(names.map((name) => [name, now()])) });
    },
    watch(call: ServerWritableStream<HealthCheckRequest | Undecodable, HealthCheckResponse>): void {
      let slot: StreamSlot;
      let isKnown: boolean;
      try {
        isKnown = names.includes(decoded(call.request).service);
        slot = slots.open('health');
      } catch (error) {
        call.emit('error', serviceError(asForetickError(error)));
        return;
      }
      const { signal } = slot;
      for (const end of ['close', 'cancelled']) call.once(end, () => { slot.close(); });
      const tell = (): void => {
        if (!signal.aborted) call.write(isKnown ? now() : { status: ServingStatus.SERVICE_UNKNOWN });
      };
      tell();
      if (isKnown && !readiness.ready()) whenReady(tell, signal);
      signal.addEventListener('abort', () => {
        // Else the client has gone.
        if (!hasCode(signal.reason, 'SHUTTING_DOWN')) return;
        if (isKnown) call.write({ status: ServingStatus.NOT_SERVING });
        call.emit('error', serviceError(signal.reason));
      });
    },
  };
}
