/** Every coded error of a request, on both transports. */
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';

import { ERROR_CODES, type ErrorCode } from '#proto';
import type { PredictRequest } from '#proto/grpc';

import { BTC, codeOf, endOf, grpcPredict, postJson, startHarness, trailerOf, until, type Harness } from './testing/harness.ts';
import { aliasRecord, featureRecord } from './testing/records.ts';

let h: Harness;
beforeAll(async () => {
  h = await startHarness({ http: { maxBodyBytes: 20_000 }, grpc: { maxMessageBytes: 20_000 }, maxRows: 50 });
  h.queue.append([
    aliasRecord('nobody', 'future'),
    featureRecord({ instrument: 'sim:OTHER', ordinal: 1, featureSet: 'default@9' }),
    featureRecord({ instrument: 'sim:COLD', ordinal: 2, warm: false }),
    featureRecord({ instrument: 'sim:UNPRICED', ordinal: 3, price: 0 }),
  ]);
  await until(async () => (await fetch(`${h.url}/v1/instruments`).then((r) => r.text())).includes('UNPRICED'));
});
afterAll(() => h.close());

const row = [0.1, 0.2, 0.3];
const given = (rows: number[][], more: object = {}): PredictRequest['input'] => ({
  $case: 'rows',
  rows: { featureSet: '', values: rows.flat(), rows: rows.length, instruments: [], ...more },
});
const many = Array.from({ length: 51 }, () => row);

const cases: { name: string; code: ErrorCode; http: unknown; grpc?: Partial<PredictRequest> }[] = [
  { name: 'an unknown instrument', code: 'UNKNOWN_INSTRUMENT', http: { instrument: 'sim:NO' }, grpc: { input: { $case: 'instrument', instrument: 'sim:NO' } } },
  { name: 'an unknown model', code: 'UNKNOWN_MODEL', http: { model: 'no', instrument: BTC }, grpc: { model: 'no', input: { $case: 'instrument', instrument: BTC } } },
  { name: 'an unknown model for rows', code: 'UNKNOWN_MODEL', http: { model: 'no', rows: [row] }, grpc: { model: 'no', input: given([row]) } },
  { name: 'a model without weights', code: 'MODEL_NOT_READY', http: { model: 'future', instrument: BTC }, grpc: { model: 'future', input: { $case: 'instrument', instrument: BTC } } },
  { name: 'a row of another feature set', code: 'FEATURE_SET_MISMATCH', http: { instrument: 'sim:OTHER' }, grpc: { input: { $case: 'instrument', instrument: 'sim:OTHER' } } },
  { name: 'rows of another feature set', code: 'FEATURE_SET_MISMATCH', http: { rows: [row], featureSet: 'x@1' }, grpc: { input: given([row], { featureSet: 'x@1' }) } },
  { name: 'too few values', code: 'SHAPE_MISMATCH', http: { rows: [[1, 2]] }, grpc: { input: given([[1, 2]]) } },
  { name: 'ragged rows', code: 'SHAPE_MISMATCH', http: { rows: [row, [1]] }, grpc: { input: given([row, [1]]) } },
  { name: 'too few instruments', code: 'SHAPE_MISMATCH', http: { rows: [row, row], instruments: [BTC] }, grpc: { input: given([row, row], { instruments: [BTC] }) } },
  { name: 'NaN', code: 'NOT_FINITE', http: { rows: [[1, Number.NaN, 2]] }, grpc: { input: given([[1, Number.NaN, 2]]) } },
  { name: 'NaN as Python writes it', code: 'NOT_FINITE', http: '{"rows":[[1, NaN, 2]]}' },
  { name: 'infinity', code: 'NOT_FINITE', http: '{"rows":[[1, 1e999, 2]]}', grpc: { input: given([[1, Infinity, 2]]) } },
  { name: 'more than a float32 holds', code: 'NOT_FINITE', http: { rows: [[1, 1e39, 2]] } },
  { name: 'no rows', code: 'INVALID_REQUEST', http: { rows: [] }, grpc: { input: given([]) } },
  { name: 'a negative number of rows', code: 'INVALID_REQUEST', http: { rows: -1 }, grpc: { input: given([row], { rows: -1 }) } },
  { name: 'too many rows', code: 'PAYLOAD_TOO_LARGE', http: { rows: many }, grpc: { input: given(many) } },
  { name: 'a body that is too large', code: 'PAYLOAD_TOO_LARGE', http: { model: 'x'.repeat(30_000) }, grpc: { model: 'x'.repeat(30_000) } },
  { name: 'neither instrument nor rows', code: 'INVALID_REQUEST', http: {}, grpc: {} },
  { name: 'an empty instrument', code: 'INVALID_REQUEST', http: { instrument: '' }, grpc: { input: { $case: 'instrument', instrument: '' } } },
  { name: 'both instrument and rows', code: 'INVALID_REQUEST', http: { instrument: BTC, rows: [row] } },
  { name: 'an unknown field', code: 'INVALID_REQUEST', http: { instrument: BTC, colour: 'red' } },
  { name: 'a prototype for a field', code: 'INVALID_REQUEST', http: '{"instrument":"x","constructor":{"prototype":{}}}' },
  { name: 'a text for a number', code: 'INVALID_REQUEST', http: { rows: [[1, '2', 3]] } },
  { name: 'a body that is not JSON', code: 'INVALID_REQUEST', http: '{"instrument":' },
  { name: 'an empty body', code: 'INVALID_REQUEST', http: ' ' },
  { name: 'null', code: 'INVALID_REQUEST', http: 'null' },
  { name: 'a list', code: 'INVALID_REQUEST', http: '[]' },
  { name: 'a number', code: 'INVALID_REQUEST', http: '7' },
  { name: 'a very deep body', code: 'INVALID_REQUEST', http: `{"rows":${'['.repeat(9000)}${']'.repeat(9000)}}` },
];

describe.each(cases)('$name is $code', ({ code, http, grpc }) => {
  test('over HTTP', async () => {
    const response = await postJson(h.url, http);
    expect(response.status).toBe(ERROR_CODES[code].http);
    expect(response.headers.get('content-type')).toContain('application/json');
    expect(await response.json()).toEqual({
      error: { code, message: expect.any(String), retriable: ERROR_CODES[code].retriable, remedy: ERROR_CODES[code].remedy },
    });
  });

  if (!grpc) return;
  test('over gRPC', async () => {
    const error = await grpcPredict(h.grpc, grpc).then(() => null, (thrown: unknown) => thrown);
    expect(error).toMatchObject({ code: ERROR_CODES[code].grpc });
    expect(trailerOf(error)).toBe(code);
  });
});

test.each([
  ['STALE_FEATURES', BTC, 61_000],
  ['NOT_WARM', 'sim:COLD', 0],
  ['NOT_WARM', 'sim:UNPRICED', 0],
])('abstains with %s for %s, by the time of arrival', async (abstained, instrument, laterMs) => {
  h.now += laterMs;
  const answer = { abstained, probabilities: [], predicted: '', instrument };
  expect(await (await postJson(h.url, { instrument })).json()).toMatchObject({ predictions: [answer] });
  const { predictions } = await grpcPredict(h.grpc, { input: { $case: 'instrument', instrument } });
  expect(predictions).toMatchObject([answer]);
  h.now -= laterMs;
});

test.each([
  ['GET', '/nowhere', 'UNKNOWN_ROUTE'],
  ['GET', '/v1/predict', 'UNKNOWN_ROUTE'],
  ['DELETE', '/v1/models', 'UNKNOWN_ROUTE'],
  ['HEAD', '/v1/predictions/stream', null],
  ['GET', '/../package.json', 'UNKNOWN_ROUTE'],
  ['GET', '/%2e%2e/%2e%2e/package.json', 'UNKNOWN_ROUTE'],
  ['GET', '/vendor/uplot/uPlot.d.ts', 'UNKNOWN_ROUTE'],
  ['GET', '/%zz', 'INVALID_REQUEST'],
  ['GET', '/v1/predictions?instrument=sim:NO', 'UNKNOWN_INSTRUMENT'],
  ['GET', '/v1/predictions?model=no', 'UNKNOWN_MODEL'],
  ['GET', '/v1/predictions?limit=0', 'INVALID_REQUEST'],
  ['GET', '/v1/predictions?limit=1001', 'INVALID_REQUEST'],
  ['GET', '/v1/predictions?limit=ten', 'INVALID_REQUEST'],
  ['GET', '/v1/predictions?limit=1&limit=2', 'INVALID_REQUEST'],
  ['GET', '/v1/predictions?colour=red', 'INVALID_REQUEST'],
  ['GET', '/v1/models?x=1', 'INVALID_REQUEST'],
  ['GET', '/v1/evaluations?scope=day', 'INVALID_REQUEST'],
  ['GET', '/v1/predictions/stream?instrument=sim:NO', 'UNKNOWN_INSTRUMENT'],
  ['GET', '/v1/predictions/stream?model=no', 'UNKNOWN_MODEL'],
  ['GET', '/v1/predictions/stream?lastEventId=abc', 'INVALID_RESUME_TOKEN'],
  ['GET', `/v1/predictions/stream?lastEventId=${Buffer.from('1;0:0.0').toString('base64url')}`, 'INVALID_RESUME_TOKEN'],
  ['GET', `/v1/predictions/stream?lastEventId=${Buffer.from('1;0:9.0,1:0.0').toString('base64url')}`, 'INVALID_RESUME_TOKEN'],
  ['GET', '/v1/topics/nothing/tail', 'UNKNOWN_TOPIC'],
  ['GET', '/v1/topics/quotes/tail?from=yesterday', 'INVALID_REQUEST'],
  ['GET', '/v1/topics/quotes/tail?follow=perhaps', 'INVALID_REQUEST'],
] as const)('%s %s is %s', async (method, path, code) => {
  const response = await fetch(h.url + path, { method });
  if (code === null) {
    expect(response.status).toBe(404);
    return;
  }
  expect({ code: await codeOf(response), status: response.status }).toEqual({ code, status: ERROR_CODES[code].http });
});

test.each([['text/plain'], ['application/xml'], ['nonsense']])('a body of content type %s is UNSUPPORTED_MEDIA_TYPE', async (type) => {
  const response = await postJson(h.url, '{}', { 'content-type': type });
  expect(response.status).toBe(415);
  expect(await codeOf(response)).toBe('UNSUPPORTED_MEDIA_TYPE');
});

test('a subscription with a bad token is INVALID_RESUME_TOKEN over gRPC', async () => {
  const error = await endOf(h.grpc.subscribe({ instruments: [], models: [], resumeToken: 'abc' }));
  expect(trailerOf(error)).toBe('INVALID_RESUME_TOKEN');
});

test('no error was an internal one', () => {
  expect(h.events.filter((event) => event.startsWith('error'))).toEqual([]);
});
