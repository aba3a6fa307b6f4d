/** What live sources are to collect: listed for everybody, changed from the machine of the process that collects. */
import type { FastifyInstance } from 'fastify';
import { z } from 'zod';

import { fail } from '#proto';

import type { HttpContext } from './context.ts';
import { parse } from './errors.ts';
import { isLocal } from './security.ts';

const changeBody = z.strictObject({
  source: z.string().min(1).max(200),
  action: z.enum(['add', 'remove']),
  instruments: z.array(z.string().min(1).max(200)).min(1).max(10_000),
});

export function subscriptionRoutes(app: FastifyInstance, { collecting }: HttpContext): void {
  app.get('/v1/subscriptions', async () => {
    if (!collecting) throw fail('UNKNOWN_ROUTE', 'subscriptions are listed by a process that collects; on Kafka foretick subscribe reads them itself');
    return { subscriptions: await collecting.list() };
  });

  app.post('/v1/subscriptions', async (request) => {
    if (!collecting || !isLocal(request)) throw fail('UNKNOWN_ROUTE', 'subscriptions are changed by a process that collects, and from its own machine only');
    return { subscriptions: await collecting.change(parse(changeBody, request.body, 'body')) };
  });
}
