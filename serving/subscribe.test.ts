/** Streams of predictions: nothing lost, nothing repeated, no faster than they are read, never too many. */
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { request, type IncomingMessage } from 'node:http';

import type { SubscribeResponse } from '#proto/grpc';

import { BTC, ETH, codeOf, endOf, startHarness, trailerOf, until, type Harness } from './testing/harness.ts';
import { LAYOUT, aliasRecord, featureRecord, predictionOf, predictionRecord, predictionsRecord } from './testing/records.ts';

let h: Harness;
beforeEach(async () => {
  h = await startHarness({ maxStreams: 4, heartbeatMs: 20 });
  h.queue.append([featureRecord({ instrument: ETH, ordinal: 1 })]);
  await until(async () => (await fetch(`${h.url}/v1/instruments`).then((r) => r.text())).includes(ETH));
});
afterEach(() => h.close());

interface Sse {
  readonly status: number;
  /** The next event with data. */
  next(): Promise<{ id: string; data: { ordinal: number; model: string; instrument: string } }>;
  text(): string;
  close(): void;
}

async function openSse(path: string, lastEventId?: string): Promise<Sse> {
  const headers = lastEventId === undefined ? {} : { 'last-event-id': lastEventId };
  const response = await new Promise<IncomingMessage>((resolve, reject) => {
    request(h.url + path, { headers }, resolve).on('error', reject).end();
  });
  let text = '';
  let parsed = 0;
  response.on('data', (chunk: Buffer) => (text += chunk.toString()));
  response.on('error', () => undefined);
  return {
    status: response.statusCode ?? 0,
    text: () => text,
    close: () => response.destroy(),
    next: async () => {
      for (;;) {
        const end = text.indexOf('\n\n', parsed);
        if (end === -1) {
          const before = text.length;
          await until(() => text.length > before);
          continue;
        }
        const block = text.slice(parsed, end);
        parsed = end + 2;
        const data = /^data: (.*)$/m.exec(block)?.[1];
        if (data !== undefined) return { id: /^id: (.*)$/m.exec(block)![1]!, data: JSON.parse(data) as never };
      }
    },
  };
}

/** 24 predictions of two instruments and two models, single and in batches. */
function publish(): void {
  for (let ordinal = 0; ordinal < 12; ordinal += 4) {
    h.queue.append([
      predictionRecord(predictionOf({ instrument: BTC, model: 'softmax', ordinal })),
      predictionsRecord(0, [1, 2, 3].map((i) => predictionOf({ instrument: ETH, model: 'softmax', ordinal: ordinal + i }))),
      predictionsRecord(1, [0, 1, 2, 3].map((i) => predictionOf({ instrument: BTC, model: 'prior', ordinal: ordinal + i }))),
    ]);
  }
}

test('a client cut off after every event resumes with nothing lost and nothing repeated', async () => {
  let stream = await openSse('/v1/predictions/stream');
  await until(() => stream.text().includes('id: '));
  publish();
  const seen: string[] = [];
  for (let i = 0; i < 24; i++) {
    const { id, data } = await stream.next();
    seen.push(`${data.model}/${data.ordinal}`);
    stream.close();
    stream = i % 2 === 0 ? await openSse('/v1/predictions/stream', id) : await openSse(`/v1/predictions/stream?lastEventId=${id}`);
    await until(async () => (await h.registry.metrics()).includes('foretick_streams_open{kind="predictions"} 1'));
  }
  stream.close();
  expect(new Set(seen).size).toBe(24);
  expect(seen).toHaveLength(24);
  const ordinals = seen.filter((id) => id.startsWith('prior')).map((id) => Number(id.split('/')[1]));
  expect(ordinals).toEqual([...ordinals].sort((a, b) => a - b));
});

test('a client cut off before its first event misses nothing', async () => {
  const first = await openSse('/v1/predictions/stream');
  await until(() => first.text().includes('id: '));
  const id = /^id: (.*)$/m.exec(first.text())![1]!;
  first.close();
  publish();
  const stream = await openSse('/v1/predictions/stream', id);
  for (let i = 0; i < 24; i++) await stream.next();
  stream.close();
});

test('filters by instrument and by alias, and heartbeats move the position on', async () => {
  const stream = await openSse(`/v1/predictions/stream?instrument=${BTC}&model=champion`);
  await until(() => stream.text().includes('id: '));
  publish();
  for (const ordinal of [0, 4, 8]) {
    expect((await stream.next()).data).toMatchObject({ instrument: BTC, model: 'softmax', ordinal });
  }
  await until(() => /: heartbeat\nid: /.test(stream.text()));
  h.queue.append([aliasRecord('prior')]);
  await until(async () => (await fetch(`${h.url}/v1/overview`).then((r) => r.text())).includes('"champion":"prior"'));
  h.queue.append([predictionRecord(predictionOf({ instrument: BTC, model: 'prior', ordinal: 99 }))]);
  expect((await stream.next()).data).toMatchObject({ model: 'prior', ordinal: 99 });
  stream.close();
});

test('gRPC Subscribe relays and resumes behind the last one', async () => {
  const collect = async (resumeToken: string, count: number): Promise<SubscribeResponse[]> => {
    const call = h.grpc.subscribe({ instruments: [], models: ['softmax'], resumeToken });
    const got: SubscribeResponse[] = [];
    call.on('error', () => undefined);
    const metadata = new Promise((resolve) => call.once('metadata', resolve));
    call.on('data', (response: SubscribeResponse) => {
      if (got.length < count) got.push(response);
    });
    await metadata;
    if (resumeToken === '') publish();
    await until(() => got.length === count);
    call.cancel();
    return got;
  };
  const first = await collect('', 5);
  const rest = await collect(first[4]!.resumeToken, 7);
  const ordinals = [...first, ...rest].map(({ prediction }) => prediction!.ordinal);
  expect(new Set(ordinals).size).toBe(12);
});

test('a position that is no longer kept is OUTSIDE_RETENTION', async () => {
  publish();
  const token = Buffer.from('1;0:0.0,1:0.0').toString('base64url');
  for (let partition = 0; partition < 2; partition++) h.queue.trim(LAYOUT.name('predictions'), partition, 1);
  const response = await fetch(`${h.url}/v1/predictions/stream`, { headers: { 'last-event-id': token } });
  expect([response.status, await codeOf(response)]).toEqual([410, 'OUTSIDE_RETENTION']);
  expect(trailerOf(await endOf(h.grpc.subscribe({ instruments: [], models: [], resumeToken: token })))).toBe('OUTSIDE_RETENTION');
});

test('one stream too many is TOO_MANY_STREAMS, and a closed one makes room', async () => {
  const streams = await Promise.all(['predictions/stream', 'predictions/stream', 'overview/stream', 'topics/quotes/tail?follow=true'].map((path) => openSse(`/v1/${path}`)));
  const refused = await fetch(`${h.url}/v1/predictions/stream`);
  expect([refused.status, await codeOf(refused)]).toEqual([503, 'TOO_MANY_STREAMS']);
  expect(trailerOf(await endOf(h.grpc.subscribe({ instruments: [], models: [], resumeToken: '' })))).toBe('TOO_MANY_STREAMS');
  for (const stream of streams) stream.close();
  await until(async () => {
    const stream = await openSse('/v1/predictions/stream');
    stream.close();
    return stream.status === 200;
  });
});

test('a client that does not read does not make the server read on', async () => {
  const stream = await new Promise<IncomingMessage>((resolve) => {
    request(`${h.url}/v1/predictions/stream`, resolve).end();
  });
  stream.pause();
  const batch = (start: number) => predictionsRecord(0, Array.from({ length: 4000 }, (_, i) => predictionOf({ instrument: BTC, model: 'softmax', ordinal: start + i })));
  const before = process.memoryUsage().arrayBuffers + process.memoryUsage().external;
  h.queue.append(Array.from({ length: 20 }, (_, i) => batch(i * 4000)));
  await new Promise((resolve) => setTimeout(resolve, 500));
  const grown = process.memoryUsage().arrayBuffers + process.memoryUsage().external - before;
  expect(grown).toBeLessThan(24 * 1024 * 1024); // All of it would be 40 MB of text on top of the log.
  stream.destroy();
});
