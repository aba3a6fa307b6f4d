import type { FastifyInstance } from 'fastify';

import type { HttpContext } from './context.ts';

export function healthRoutes(app: FastifyInstance, context: HttpContext): void {
  const { views, draining, liveness, registry } = context;

  app.get('/livez', (_request, reply) => {
    const { ok, reasons } = liveness();
    return reply.code(ok ? 200 : 503).send({ ok, reasons });
  });

  /** Ready: all views loaded, and not draining. A queue that has gone since does not make it unready. */
  app.get('/readyz', (_request, reply) => {
    const reasons = views.followers.filter(({ ready }) => !ready).map(({ name }) => `${name} is not loaded yet`);
    if (draining()) reasons.push('draining');
    return reply.code(reasons.length === 0 ? 200 : 503).send({ ok: reasons.length === 0, reasons });
  });

  app.get('/metrics', async (_request, reply) => reply.type(registry.contentType).send(await registry.metrics()));
}
