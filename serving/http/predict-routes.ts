import type { FastifyInstance } from 'fastify';
import { z } from 'zod';

import { fail } from '#proto';
import type { Scored } from '#proto/grpc';

import type { HttpContext } from './context.ts';
import { parse } from './errors.ts';

const name = z.string().min(1).max(256);

const predictBody = z.strictObject({
  model: name.optional(),
  instrument: name.optional(),
  // Values are judged one by one below: a wrong one deserves its place in the message.
  rows: z.array(z.array(z.unknown())).optional(),
  featureSet: name.optional(),
  instruments: z.array(name).optional(),
});

/** A row-major copy. SHAPE_MISMATCH when rows differ in length, NOT_FINITE, INVALID_REQUEST. */
function flatten(rows: readonly (readonly unknown[])[]): number[] {
  const width = rows[0]?.length ?? 0;
  const values: number[] = [];
  rows.forEach((row, r) => {
    if (row.length !== width) throw fail('SHAPE_MISMATCH', `rows[${r}] has ${row.length} values, rows[0] has ${width}`);
    row.forEach((value, c) => {
      // JSON.stringify writes NaN and Infinity as null.
      if (value === null || value === 'NaN') throw fail('NOT_FINITE', `rows[${r}][${c}] is not a finite number`);
      if (typeof value !== 'number') throw fail('INVALID_REQUEST', `rows[${r}][${c}] is not a number`);
      values.push(value);
    });
  });
  return values;
}

export function predictRoutes(app: FastifyInstance, context: HttpContext): void {
  const { predict, metrics } = context;
  app.post('/v1/predict', (request) => {
    const began = performance.now();
    const body = parse(predictBody, request.body, 'body');
    if ((body.instrument === undefined) === (body.rows === undefined)) {
      throw fail('INVALID_REQUEST', 'body: give either instrument or rows');
    }
    let predictions: Scored[];
    if (body.instrument !== undefined) {
      if (body.instruments !== undefined || body.featureSet !== undefined) {
        throw fail('INVALID_REQUEST', 'body: instruments and featureSet go with rows, not with instrument');
      }
      predictions = [predict.byInstrument(body.model ?? '', body.instrument)];
    } else {
      const rows = body.rows!;
      predictions = predict.byRows({
        model: body.model ?? '',
        featureSet: body.featureSet ?? '',
        rows: rows.length,
        values: flatten(rows),
        instruments: body.instruments ?? [],
      });
    }
    metrics.predictSeconds('http', (performance.now() - began) / 1000);
    return { predictions };
  });
}
