import type { FastifyInstance } from 'fastify';
import { z } from 'zod';

import { fail } from '#proto';

import type { HttpContext } from './context.ts';
import { parse } from './errors.ts';
import { count, nameList, optionalName } from './query.ts';
import { SSE_HEADERS, sseError, sseEvent, streamOf } from './stream.ts';

const recentQuery = z.strictObject({ instrument: optionalName, model: optionalName, limit: count(50, 1000) });

const streamQuery = z.strictObject({
  instrument: nameList,
  model: nameList,
  lastEventId: z.string().max(200_000).optional(),
});

export function predictionRoutes(app: FastifyInstance, context: HttpContext): void {
  const { views, models, subscriptions, metrics } = context;

  app.get('/v1/predictions', (request) => {
    const { instrument, model, limit } = parse(recentQuery, request.query, 'query');
    if (instrument !== undefined && !views.predictions.knows(instrument) && !views.features.get(instrument)) {
      throw fail('UNKNOWN_INSTRUMENT', `nothing is known of ${JSON.stringify(instrument)}`);
    }
    const filter = { limit, ...(instrument !== undefined && { instrument }), ...(model !== undefined && { model: models.resolve(model) }) };
    const predictions = views.predictions.recent(filter).map(({ prediction, outcome }) => ({ ...prediction, outcome: outcome ?? null }));
    return { predictions };
  });

  app.get('/v1/predictions/stream', { exposeHeadRoute: false }, async (request, reply) => {
    const query = parse(streamQuery, request.query, 'query');
    const header = request.headers['last-event-id'];
    const resumeToken = (typeof header === 'string' && header !== '' ? header : query.lastEventId) ?? '';
    const subscription = await subscriptions.open({ instruments: query.instrument, models: query.model, resumeToken });
    let sent = '';
    const stream = streamOf({
      source: subscription,
      encode: ({ prediction, resumeToken: id }) => {
        sent = id;
        return sseEvent({ id, data: JSON.stringify(prediction) });
      },
      heartbeat: {
        everyMs: context.heartbeatMs,
        // A filter may let nothing through for long: the position goes on, so that it stays within retention.
        text: () => {
          const id = subscription.resumeToken();
          if (id === sent) return ': heartbeat\n\n';
          sent = id;
          return `: heartbeat\nid: ${id}\n\n`;
        },
      },
      encodeError: sseError,
      onEnd: (error) => {
        subscription.close();
        metrics.request('http', 'predictions/stream', error?.code ?? 'OK');
      },
    });
    stream.once('close', () => { subscription.close(); });
    // The first words say where it begins, so that nothing is lost by a client cut off before its first event.
    sent = subscription.resumeToken();
    stream.unshift(`retry: 1000\n: from here on\nid: ${sent}\n\n`);
    return reply.headers(SSE_HEADERS).send(stream);
  });
}
