import type { FastifyInstance } from 'fastify';
import { z } from 'zod';

import { hasCode } from '#proto';

import { tail, topicOf } from '../tail/service.ts';
import type { HttpContext } from './context.ts';
import { errorBody, parse } from './errors.ts';
import { count, flag, place } from './query.ts';
import { streamOf } from './stream.ts';

const tailQuery = z.strictObject({ limit: count(20, 100_000), from: place, follow: flag });
const topicParams = z.strictObject({ topic: z.string().min(1).max(256) });

/** Rows of any topic, one JSON object a line: what `foretick tail` shows. */
export function tailRoutes(app: FastifyInstance, context: HttpContext): void {
  const { queue, layout, slots, metrics } = context;
  app.get('/v1/topics/:topic/tail', { exposeHeadRoute: false }, async (request, reply) => {
    const { topic } = parse(topicParams, request.params, 'path');
    const { limit, from, follow } = parse(tailQuery, request.query, 'query');
    topicOf(layout, topic);
    const slot = slots.open('tail');
    const rows = tail(queue, layout, { topic, limit, from, follow, signal: slot.signal });
    const source = async function* (): AsyncGenerator<string, void, undefined> {
      for await (const row of rows) yield `${JSON.stringify(row)}\n`;
      if (hasCode(slot.signal.reason, 'SHUTTING_DOWN')) throw slot.signal.reason;
    };
    const stream = streamOf({
      source: source(),
      encode: (line) => line,
      ...(follow && { heartbeat: { everyMs: context.heartbeatMs, text: () => '\n' } }),
      encodeError: (error) => `${JSON.stringify(errorBody(error))}\n`,
      onEnd: (error) => {
        slot.close();
        metrics.request('http', 'tail', error?.code ?? 'OK');
      },
    });
    stream.once('close', () => { slot.close(); });
    return reply.headers({ 'content-type': 'application/x-ndjson; charset=utf-8', 'cache-control': 'no-store' }).send(stream);
  });
}
