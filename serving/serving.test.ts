/** The life of a server: what it knows, hot swaps, a queue that goes away, draining. */
import { expect, test } from '@jest/globals';

import { fail } from '#proto';

import { BTC, ETH, codeOf, endOf, grpcPredict, postJson, startHarness, trailerOf, until } from './testing/harness.ts';
import { EVENT_TIME, HORIZON_US, evaluationRecord, featureRecord, jsonRecord, modelRecord, predictionOf, predictionRecord, predictionsRecord } from './testing/records.ts';

const byInstrument = { input: { $case: 'instrument', instrument: BTC } } as const;

test('both transports score the newest row of an instrument alike', async () => {
  const h = await startHarness();
  h.now += 1500;
  const expected = {
    model: 'softmax', version: 7, featureSet: 'default@1', instrument: BTC, classes: ['down', 'flat', 'up'],
    predicted: 'flat', abstained: '', ageUs: 1_500_000, price: 100, horizonUs: 10_000_000,
  };
  const overHttp = (await (await postJson(h.url, { instrument: BTC })).json()) as { predictions: { probabilities: number[] }[] };
  const overGrpc = await grpcPredict(h.grpc, byInstrument);
  expect(overHttp.predictions).toMatchObject([expected]);
  expect(overGrpc.predictions).toMatchObject([expected]);
  expect(overGrpc.predictions[0]!.probabilities).toEqual(overHttp.predictions[0]!.probabilities);
  await h.close();
});

test('given rows are scored in order, and a plain name works as an alias does', async () => {
  const h = await startHarness();
  const response = await postJson(h.url, { model: 'softmax', rows: [[0.1, 0, 0], [0.6, 0, 0]], instruments: [BTC, ETH], featureSet: 'default@1' });
  expect(await response.json()).toMatchObject({ predictions: [{ instrument: BTC, predicted: 'flat' }, { instrument: ETH, predicted: 'down' }] });
  await h.close();
});

test('a new version takes over between requests, a bad one is refused, and none fails meanwhile', async () => {
  const h = await startHarness();
  let done = false;
  const seen = new Set<number>();
  const callers = Array.from({ length: 8 }, async () => {
    while (!done) seen.add((await grpcPredict(h.grpc, byInstrument)).predictions[0]!.version);
  });
  for (let version = 8; version < 40; version++) {
    h.queue.append([modelRecord('softmax', version, version % 4 === 1 ? 'digest' : version % 4 === 2 ? 'nan' : undefined)]);
    await new Promise((resolve) => setTimeout(resolve, 3));
  }
  await until(() => h.events.includes('model softmax@39'));
  await until(async () => (await grpcPredict(h.grpc, byInstrument)).predictions[0]!.version === 39);
  done = true;
  await Promise.all(callers);
  expect([...seen].filter((version) => version % 4 === 1 || version % 4 === 2)).toEqual([]);
  expect(h.events.filter((event) => event === 'refused models SNAPSHOT_CORRUPT')).toHaveLength(16);
  await h.close();
});

test('an older version sent again does not take over', async () => {
  const h = await startHarness();
  h.queue.append([modelRecord('softmax', 9), modelRecord('softmax', 8), modelRecord('prior', 1)]);
  await until(() => h.events.includes('model prior@1'));
  expect((await grpcPredict(h.grpc, byInstrument)).predictions[0]!.version).toBe(9);
  await h.close();
});

test('when the queue is gone it keeps answering, and catches up when it is back', async () => {
  const h = await startHarness();
  h.queue.failWith(fail('QUEUE_UNAVAILABLE', 'no brokers'));
  await until(() => h.events.includes('retry features QUEUE_UNAVAILABLE'));
  expect((await grpcPredict(h.grpc, byInstrument)).predictions[0]!.predicted).toBe('flat');
  expect((await fetch(`${h.url}/readyz`)).status).toBe(200);
  expect(await (await fetch(`${h.url}/v1/overview`)).json()).toMatchObject({ connected: false });
  h.queue.failWith(null);
  h.queue.append([featureRecord({ instrument: BTC, ordinal: 1, price: 250 })]);
  await until(async () => (await grpcPredict(h.grpc, byInstrument)).predictions[0]!.price === 250);
  await h.close();
});

test('rows sent twice are dropped', async () => {
  const h = await startHarness();
  h.queue.append([1, 2, 1, 2].map((ordinal) => featureRecord({ instrument: BTC, ordinal, price: 100 + ordinal })));
  h.queue.append([0, 1, 0, 1, 2].map((ordinal) => predictionRecord(predictionOf({ instrument: BTC, model: 'softmax', ordinal }))));
  await until(async () => {
    const { predictions } = (await (await fetch(`${h.url}/v1/predictions?instrument=${BTC}`)).json()) as { predictions: { ordinal: number }[] };
    return JSON.stringify(predictions.map(({ ordinal }) => ordinal)) === '[2,1,0]';
  });
  const overview = (await (await fetch(`${h.url}/v1/overview`)).json()) as { instruments: { rows: number }[]; rows: number };
  expect(overview).toMatchObject({ rows: 3, instruments: [{ rows: 3, price: 102 }] });
  await h.close();
});

test('the page is told the horizon of the model, not how far ahead of the row its clock was', async () => {
  const h = await startHarness();
  h.queue.append([predictionRecord(predictionOf({ instrument: BTC, model: 'softmax', ordinal: 0, dueTimeUs: EVENT_TIME + HORIZON_US + 200_000 }))]);
  const overview = async () => (await (await fetch(`${h.url}/v1/overview`)).json()) as { instruments: { prediction: { horizonUs: number } | null }[] };
  await until(async () => (await overview()).instruments[0]?.prediction !== null);
  expect((await overview()).instruments[0]!.prediction!.horizonUs).toBe(HORIZON_US);
  await h.close();
});

test('a recording of long ago is found near the end of the log, and is stale by its arrival', async () => {
  const h = await startHarness({ empty: true });
  expect((await fetch(`${h.url}/readyz`)).status).toBe(200);
  h.queue.append([featureRecord({ instrument: BTC, ordinal: 0, timestamp: h.now - 3_600_000 }), modelRecord('softmax', 7)]);
  await until(() => h.events.includes('model softmax@7'));
  await until(async () => (await fetch(`${h.url}/v1/instruments`).then((r) => r.text())).includes(BTC));
  expect((await grpcPredict(h.grpc, { ...byInstrument, model: 'softmax' })).predictions[0]!.abstained).toBe('STALE_FEATURES');
  expect(await codeOf(await postJson(h.url, { instrument: BTC }))).toBe('MODEL_NOT_READY');
  await h.close();
});

test('models, evaluations and instruments tell what the topics hold', async () => {
  const h = await startHarness();
  h.queue.append([
    evaluationRecord({ model: 'softmax', ordinal: 0, scope: 'window', logLoss: 1.2 }),
    evaluationRecord({ model: 'softmax', ordinal: 1, scope: 'total', logLoss: 1.1 }),
    evaluationRecord({ model: 'prior', ordinal: 0, scope: 'total', logLoss: 1.3 }),
    jsonRecord('evaluations', 'foretick.v1.Evaluation', 'x', 'nonsense'),
  ]);
  await until(async () => (await fetch(`${h.url}/v1/models`).then((r) => r.text())).includes('1.1'));
  expect(await (await fetch(`${h.url}/v1/models`)).json()).toMatchObject({
    models: [{ name: 'softmax', version: 7, aliases: ['champion'], evaluation: { logLoss: 1.1 } }],
  });
  const { series } = (await (await fetch(`${h.url}/v1/evaluations?model=champion&scope=total`)).json()) as { series: unknown[] };
  expect(series).toMatchObject([{ model: 'softmax', scope: 'total', logLoss: [1.1] }]);
  const { models } = (await (await fetch(`${h.url}/v1/overview`)).json()) as { models: { name: string; best: boolean; toBestBaseline: number }[] };
  const [, softmax] = models;
  expect(softmax).toMatchObject({ name: 'softmax', best: true });
  expect(softmax!.toBestBaseline).toBeCloseTo(-0.2);
  await h.close();
});

test('draining ends streams with SHUTTING_DOWN, refuses new ones, still predicts; stopping twice is safe', async () => {
  const h = await startHarness();
  const call = h.grpc.subscribe({ instruments: [], models: [], resumeToken: '' });
  const ended = endOf(call);
  await new Promise((resolve) => call.once('metadata', resolve));
  const sse = await fetch(`${h.url}/v1/predictions/stream`);
  const page = await fetch(`${h.url}/v1/overview/stream`);
  await h.server.drain();
  expect(trailerOf(await ended)).toBe('SHUTTING_DOWN');
  expect(await sse.text()).toContain('SHUTTING_DOWN');
  expect(await page.text()).toContain('SHUTTING_DOWN');
  expect((await fetch(`${h.url}/readyz`)).status).toBe(503);
  expect(await codeOf(await fetch(`${h.url}/v1/predictions/stream`))).toBe('SHUTTING_DOWN');
  expect((await grpcPredict(h.grpc, byInstrument)).predictions).toHaveLength(1);
  await Promise.all([h.server.stop(500), h.server.stop(500)]);
  await expect(fetch(`${h.url}/livez`)).rejects.toThrow();
  await h.close();
});

test('liveness, metrics and the tail of any topic', async () => {
  const h = await startHarness({ liveness: () => ({ ok: false, reasons: ['training: no progress for 60 s'] }) });
  h.queue.append([predictionsRecord(0, [0, 1].map((ordinal) => predictionOf({ instrument: BTC, model: 'softmax', ordinal })))]);
  const livez = await fetch(`${h.url}/livez`);
  expect([livez.status, await livez.json()]).toEqual([503, { ok: false, reasons: ['training: no progress for 60 s'] }]);
  await postJson(h.url, { instrument: BTC });
  const metrics = await (await fetch(`${h.url}/metrics`)).text();
  expect(metrics).toContain('foretick_requests_total{transport="http",method="/v1/predict",code="OK"} 1');
  expect(metrics).toContain('foretick_model_version{model="softmax",shard="0"} 7');
  const lines = async (topic: string): Promise<unknown[]> =>
    (await (await fetch(`${h.url}/v1/topics/${topic}/tail`)).text()).trim().split('\n').map((line) => JSON.parse(line) as unknown);
  expect(await lines('features')).toMatchObject([{ topic: 'features', value: { instrument: BTC, features: { spread_bps: 0.20000000298023224 } } }]);
  expect(await lines('test.predictions.v1')).toMatchObject([{ row: 0, value: { ordinal: 0 } }, { row: 1, value: { ordinal: 1 } }]);
  expect(await lines('models')).toMatchObject([{ value: { model: 'softmax', version: 7 } }]);
  await h.close();
});
