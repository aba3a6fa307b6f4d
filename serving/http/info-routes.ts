import type { FastifyInstance } from 'fastify';
import { z } from 'zod';

import { fail } from '#proto';

import { pause } from '../views/follower.ts';
import type { HttpContext } from './context.ts';
import { parse } from './errors.ts';
import { optionalName } from './query.ts';
import { SSE_HEADERS, sseError, sseEvent, streamOf } from './stream.ts';

const nothing = z.strictObject({});
const evaluationsQuery = z.strictObject({ model: optionalName, scope: z.enum(['total', 'window']).optional() });

const FRAME_MS = 300;

export function infoRoutes(app: FastifyInstance, context: HttpContext): void {
  const { views, models, predict, overview, slots, clock } = context;

  app.get('/v1/models', (request) => {
    parse(nothing, request.query, 'query');
    return { models: predict.listModels() };
  });

  app.get('/v1/instruments', (request) => {
    parse(nothing, request.query, 'query');
    const now = clock();
    return {
      instruments: views.features.all().map((row) => ({
        instrument: row.instrument,
        price: row.price,
        bid: row.bid,
        ask: row.ask,
        warm: row.warm,
        featureSet: row.featureSet,
        eventTimeUs: row.eventTime,
        receiptTimeUs: row.receiptTime,
        ageUs: Math.max(0, Math.round((now - row.appendedAt) * 1000)),
      })),
    };
  });

  app.get('/v1/evaluations', (request) => {
    const query = parse(evaluationsQuery, request.query, 'query');
    const filter = {
      ...(query.model !== undefined && { model: models.resolve(query.model) }),
      ...(query.scope !== undefined && { scope: query.scope }),
    };
    const series = views.evaluations.series(filter);
    return { evaluations: series.map(({ model, scope }) => views.evaluations.newest(model, scope)).filter(Boolean), series };
  });

  app.get('/v1/overview', (request, reply) => {
    parse(nothing, request.query, 'query');
    return reply.type('application/json; charset=utf-8').send(overview.json());
  });

  app.get('/v1/overview/stream', { exposeHeadRoute: false }, (request, reply) => {
    parse(nothing, request.query, 'query');
    const slot = slots.open('overview');
    const stream = streamOf({
      source: frames(overview, slot.signal),
      encode: (data) => sseEvent({ data }),
      encodeError: sseError,
      onEnd: () => { slot.close(); },
    });
    stream.once('close', () => { slot.close(); });
    return reply.headers(SSE_HEADERS).send(stream);
  });
}

/** A frame three times a second: ages tick even when nothing else does. */
async function* frames(overview: { json(): string }, signal: AbortSignal): AsyncGenerator<string, void, undefined> {
  while (!signal.aborted) {
    yield overview.json();
    await pause(FRAME_MS, signal);
  }
  if (signal.reason instanceof Error && signal.reason.name === 'ForetickError') {
    throw fail('SHUTTING_DOWN', 'the server is shutting down');
  }
}
