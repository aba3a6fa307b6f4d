/** What people look into: topics, lags, stages, versions of models, the newest row of an instrument. */
import type { FastifyInstance } from 'fastify';
import { z } from 'zod';

import { fail } from '#proto';

import { groupLags } from '../lag.ts';
import { heldVersions, versionDetails } from '../models/versions.ts';
import { topicStatuses } from '../topics.ts';
import type { HttpContext } from './context.ts';
import { parse } from './errors.ts';
import { whole } from './query.ts';

const nothing = z.strictObject({});
const versionQuery = z.strictObject({ version: whole.optional() });
const modelParams = z.strictObject({ model: z.string().min(1).max(256) });
const instrumentParams = z.strictObject({ instrument: z.string().min(1).max(256) });

export function inspectRoutes(app: FastifyInstance, context: HttpContext): void {
  const { queue, layout, views, stages, clock } = context;

  app.get('/v1/topics', async (request) => {
    parse(nothing, request.query, 'query');
    return { topics: await topicStatuses(queue, layout) };
  });

  app.get('/v1/lag', async (request) => {
    parse(nothing, request.query, 'query');
    return { lags: await groupLags(queue, layout, context.groups, clock) };
  });

  app.get('/v1/stages', async (request) => {
    parse(nothing, request.query, 'query');
    return { stages: await stages.status() };
  });

  app.get('/v1/versions', async (request) => {
    parse(nothing, request.query, 'query');
    return { versions: await heldVersions(queue, layout) };
  });

  app.get('/v1/models/:model', async (request) => {
    const { model } = parse(modelParams, request.params, 'path');
    const { version } = parse(versionQuery, request.query, 'query');
    const found = await versionDetails(queue, layout, model, version);
    return { ...found, evaluation: views.evaluations.newest(found.model, 'total') ?? null };
  });

  app.get('/v1/instruments/:instrument/features', (request) => {
    parse(nothing, request.query, 'query');
    const { instrument } = parse(instrumentParams, request.params, 'path');
    const row = views.features.get(instrument);
    if (!row) throw fail('UNKNOWN_INSTRUMENT', `nothing is known of ${JSON.stringify(instrument)}`);
    const { featureSet, warm, price, eventTime, receiptTime, names, values, appendedAt } = row;
    return {
      instrument,
      featureSet,
      warm,
      price,
      eventTimeUs: eventTime,
      receiptTimeUs: receiptTime,
      ageMs: Math.max(0, clock() - appendedAt),
      features: names.map((name, i) => ({ name, value: values[i] })),
    };
  });
}
