/** The routes for looking inside: topics, dead letters, stages, versions, newest rows. */
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';

import { softmaxSnapshot } from './testing/snapshots.ts';
import { BTC, codeOf, startHarness, type Harness } from './testing/harness.ts';
import { LAYOUT, aliasRecord } from './testing/records.ts';
import type { DeadLetterPage } from './dead-letters.ts';
import { Stages, type StageSample } from './stages.ts';
import type { TopicStatus } from './topics.ts';
import type { VersionDetails } from './models/versions.ts';

let h: Harness;
beforeAll(async () => {
  h = await startHarness();
});
afterAll(() => h.close());

const get = async <T>(path: string): Promise<T> => {
  const response = await fetch(h.url + path);
  expect(response.status).toBe(200);
  return (await response.json()) as T;
};

const letter = (value: Uint8Array | string, headers: Record<string, string> = {}) => ({ topic: LAYOUT.name('dead-letters'), partition: 0, value, headers });

describe('dead letters', () => {
  test('none: an empty page', async () => {
    expect(await get('/v1/dead-letters')).toEqual({ count: 0, letters: [], next: null });
  });

  test('newest first, in pages that neither repeat nor leave out', async () => {
    h.queue.append(Array.from({ length: 7 }, (_, i) => letter(`letter ${i}`, { code: 'LATE_EVENT', offset: String(i) })));
    const seen: number[] = [];
    let path: string | null = '/v1/dead-letters?limit=3';
    while (path !== null) {
      const page: DeadLetterPage = await get(path);
      expect(page.count).toBe(7);
      seen.push(...page.letters.map(({ offset }) => offset));
      path = page.next === null ? null : `/v1/dead-letters?limit=3&before=${page.next}`;
    }
    expect(seen).toEqual([6, 5, 4, 3, 2, 1, 0]);
    expect(await get('/v1/dead-letters?before=0')).toEqual({ count: 7, letters: [], next: null });
  });

  test('what is hostile stays text, bounded, and never breaks the answer', async () => {
    const markup = '<script>alert(1)</script>';
    h.queue.append([
      letter(markup, { code: markup, message: 'm'.repeat(5000), offset: 'NaN', partition: '1e999', row: '-', time: 'x', 'cut-from': '1e999' }),
      letter(Uint8Array.of(0xff, 0xfe, 0), {}),
      letter('\u001b[2Jcleared', {}),
      letter('é'.repeat(2000), {}),
      letter('', {}),
    ]);
    const { letters } = await get<DeadLetterPage>('/v1/dead-letters?limit=5');
    const [empty, long, escape, binary, odd] = letters;
    expect(odd).toMatchObject({ code: markup, text: markup, base64: null, partition: 0, offset: 0, row: 0, timeUs: 0, bytes: markup.length });
    expect(odd!.message).toHaveLength(513);
    expect(binary).toMatchObject({ text: null, base64: '//4A', bytes: 3, code: '' });
    expect(escape).toMatchObject({ text: null });
    expect(long).toMatchObject({ text: 'é'.repeat(256), bytes: 4000, cut: true });
    expect(empty).toMatchObject({ text: '', bytes: 0, cut: false });
  });

  test.each(['limit=0', 'limit=201', 'limit=x', 'before=-1', 'before=1e3', 'colour=red'])('%s is INVALID_REQUEST', async (query) => {
    const response = await fetch(`${h.url}/v1/dead-letters?${query}`);
    expect([response.status, await codeOf(response)]).toEqual([400, 'INVALID_REQUEST']);
  });
});

test('every topic, with what it holds and how it is kept', async () => {
  const { topics } = await get<{ topics: TopicStatus[] }>('/v1/topics');
  expect(topics).toHaveLength(14);
  expect(topics.find(({ topic }) => topic === 'features')).toMatchObject({ name: LAYOUT.name('features'), cleanup: 'delete', records: 1, retentionMs: null, groups: [] });
  expect(topics.find(({ topic }) => topic === 'quotes')?.partitions).toHaveLength(2);
});

test('the newest row of an instrument, with names and values', async () => {
  const row = await get<{ features: { name: string; value: number }[] }>(`/v1/instruments/${encodeURIComponent(BTC)}/features`);
  expect(row).toMatchObject({ instrument: BTC, warm: true, featureSet: 'default@1' });
  expect(row.features.map(({ name }) => name)).toEqual(['ret_1s', 'spread_bps', 'imbalance']);
  expect(row.features[0]!.value).toBeCloseTo(0.1);
  const unknown = await fetch(`${h.url}/v1/instruments/${encodeURIComponent('sim:<b>')}/features`);
  expect([unknown.status, await codeOf(unknown)]).toEqual([404, 'UNKNOWN_INSTRUMENT']);
});

describe('versions of models', () => {
  test('held ones are listed, retired and broken ones are not; the newest carries the alias', async () => {
    h.queue.append([aliasRecord('linear', 'linear-alias'), ...softmaxSnapshot('linear', 3), ...softmaxSnapshot('linear', 4), ...softmaxSnapshot('gone', 1)]);
    h.queue.append(softmaxSnapshot('gone', 1).map((record) => ({ ...record, value: null })));
    const { versions } = await get<{ versions: { model: string; version: number; aliases: string[] }[] }>('/v1/versions');
    expect(versions.map(({ model, version, aliases }) => [model, version, aliases])).toEqual([['linear', 4, ['linear-alias']], ['linear', 3, []]]);
  });

  test('one of them tells what it has learned, by feature name and class', async () => {
    const shown = await get<VersionDetails>('/v1/models/linear-alias?version=3');
    expect(shown).toMatchObject({ model: 'linear', version: 3, kind: 'softmax', classes: ['down', 'flat', 'up'], instruments: [BTC] });
    const [down, , up] = shown.weights!;
    // What was learned: a high first feature means up.
    expect(up!.weights[0]).toMatchObject({ feature: 'ret_1s' });
    expect(up!.weights[0]!.weight).toBeGreaterThan(0);
    expect(down!.weights.find(({ feature }) => feature === 'ret_1s')!.weight).toBeLessThan(0);
    expect(await get<VersionDetails>('/v1/models/linear')).toMatchObject({ version: 4 });
  });

  test.each([['/v1/models/none', 'UNKNOWN_MODEL'], ['/v1/models/linear?version=99', 'UNKNOWN_MODEL'], ['/v1/models/linear?version=x', 'INVALID_REQUEST']])('%s is %s', async (path, code) => {
    expect(await codeOf(await fetch(h.url + path))).toBe(code);
  });
});

describe('stages', () => {
  const sample: StageSample = { name: 'feature worker', role: 'features', rows: 0, lagRecords: 3, lagSeconds: 1, state: 'running' };

  test('the rate is that of the last seconds; a look is shared for half a second', async () => {
    let [rows, now, looks] = [100, 0, 0];
    const stages = new Stages({ followers: [], now: () => now, provider: () => Promise.resolve([{ ...sample, rows, looks: looks++ }]) });
    const rate = async (): Promise<number | null> => (await stages.status())[0]!.rate;
    expect(await rate()).toBeNull();
    [rows, now] = [300, 400];
    expect(await rate()).toBeNull();
    now = 2000;
    expect(await rate()).toBe(100);
    [rows, now] = [300, 40_000];
    expect(await rate()).toBeNull();
    now = 41_000;
    expect(await rate()).toBe(0);
    expect(looks).toBe(4);
  });

  test('followers of the server are stages of their own', async () => {
    const { stages } = await get<{ stages: StageSample[] }>('/v1/stages');
    expect(stages.find(({ name }) => name === 'view of features')).toMatchObject({ role: 'serving', lagRecords: 0, lagSeconds: 0, state: 'following' });
  });
});
