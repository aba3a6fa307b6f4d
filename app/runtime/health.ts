/** Liveness, readiness and metrics of a process that serves nothing else. */
import fastify, { type FastifyInstance } from 'fastify';
import type { AddressInfo } from 'node:net';
import type { Registry } from 'prom-client';

import { fail } from '#proto';

import type { Component } from './lifecycle.ts';

export interface HealthOptions {
  readonly host: string;
  readonly port: number;
  readonly registry: Registry;
  readonly liveness: () => { readonly ok: boolean; readonly reasons: readonly string[] };
  /** Why it is not ready; none: it is. */
  readonly unready: () => readonly string[];
}

export interface HealthServer extends Component {
  /** Once started. */
  readonly url: string;
}

/** PORT_TAKEN when another process listens there. */
export function healthServer({ host, port, registry, liveness, unready }: HealthOptions): HealthServer {
  const http: FastifyInstance = fastify({ forceCloseConnections: true });
  http.get('/livez', (_request, reply) => {
    const { ok, reasons } = liveness();
    return reply.code(ok ? 200 : 503).send({ ok, reasons });
  });
  http.get('/readyz', (_request, reply) => {
    const reasons = unready();
    return reply.code(reasons.length === 0 ? 200 : 503).send({ ok: reasons.length === 0, reasons });
  });
  http.get('/metrics', async (_request, reply) => reply.type(registry.contentType).send(await registry.metrics()));
  let url = '';
  return {
    name: 'health server',
    get url() {
      return url;
    },
    start: async () => {
      try {
        await http.listen({ host, port });
      } catch (error) {
        throw (error as NodeJS.ErrnoException).code === 'EADDRINUSE' ? fail('PORT_TAKEN', `health: ${host}:${port} is taken`, { cause: error }) : error;
      }
      url = `http://${host.includes(':') ? `[${host}]` : host}:${(http.server.address() as AddressInfo).port}`;
    },
    stop: () => http.close(),
  };
}
