/** Dead letters: the newest of them, those that fit a search, one whole, and putting some back on their topics. */
import type { FastifyInstance } from 'fastify';
import { z } from 'zod';

import { fail } from '#proto';

import { deadLetterDetails, findDeadLetters } from '../dead-letter-search.ts';
import { deadLetters } from '../dead-letters.ts';
import type { HttpContext } from './context.ts';
import { parse } from './errors.ts';
import { count, optionalName, whole } from './query.ts';
import { isLocal } from './security.ts';

const pageQuery = z.strictObject({ limit: count(20, 200), before: whole.optional() });
const searchQuery = z.strictObject({ limit: count(20, 10_000), code: optionalName, topic: optionalName, since: whole.optional() });
const letterParams = z.strictObject({ letter: whole });
const retryBody = z.strictObject({ letters: z.array(z.int().min(0)).min(1).max(1000), again: z.boolean().default(false), dryRun: z.boolean().default(false) });

export function deadLetterRoutes(app: FastifyInstance, context: HttpContext): void {
  const { queue, layout, retryDeadLetters } = context;

  app.get('/v1/dead-letters', async (request) => deadLetters(queue, layout, parse(pageQuery, request.query, 'query')));

  app.get('/v1/dead-letters/search', async (request) => {
    const { since, ...filter } = parse(searchQuery, request.query, 'query');
    return { letters: await findDeadLetters(queue, layout, { ...filter, sinceMs: since }) };
  });

  app.get('/v1/dead-letters/:letter', async (request) => deadLetterDetails(queue, layout, parse(letterParams, request.params, 'path').letter));

  app.post('/v1/dead-letters/retry', async (request) => {
    if (!retryDeadLetters || !isLocal(request)) throw fail('UNKNOWN_ROUTE', 'dead letters are put back by the process that runs the workers, and from its own machine only');
    const { letters, ...options } = parse(retryBody, request.body, 'body');
    return { results: await retryDeadLetters(letters, options) };
  });
}
