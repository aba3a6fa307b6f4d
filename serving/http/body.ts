/** JSON bodies. NaN and Infinity, which some clients write though JSON has no such thing, get their own code. */
import type { FastifyInstance } from 'fastify';

import { fail } from '#proto';

const NOT_A_NUMBER = /[[,:]\s*(?:NaN|[+-]?Infinity)\s*[\],}]/;

export function parseJson(text: string): unknown {
  if (text.trim() === '') throw fail('INVALID_REQUEST', 'the body is empty; send a JSON object');
  try {
    return JSON.parse(text); // A `__proto__` key becomes a plain property, never the prototype.
  } catch (cause) {
    if (NOT_A_NUMBER.test(text)) throw fail('NOT_FINITE', 'the body holds NaN or Infinity, which JSON does not have', { cause });
    throw fail('INVALID_REQUEST', 'the body is not JSON', { cause });
  }
}

/** JSON is the one content type taken. */
export function acceptOnlyJson(app: FastifyInstance): void {
  app.removeAllContentTypeParsers();
  app.addContentTypeParser('application/json', { parseAs: 'string' }, (_request, body, done) => {
    try {
      done(null, parseJson(body as string));
    } catch (error) {
      done(error as Error, undefined);
    }
  });
}
