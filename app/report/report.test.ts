import { afterAll, describe, expect, test } from '@jest/globals';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';

import { Outcome, Prediction, hasCode } from '#proto';
import { chromium } from 'playwright-core';

import type { ModelResult, RunResults } from '../backtest/results.ts';
import { configSchema } from '../config/schema.ts';
import { Breakdown } from './breakdown.ts';
import { reportData, type ReportData } from './data.ts';
import { headline, verdict } from './verdict.ts';
import { aboutRun, checkWritable, writeReport } from './write.ts';

const directory = mkdtempSync(join(tmpdir(), 'foretick-report-'));
afterAll(() => { rmSync(directory, { recursive: true }); });

const HOSTILE = `x:<img src=y onerror="document.title='owned'">`;
const SECOND = 1e6;
const topic = { rows: 3, repeats: 0, missing: 0, sha256: 'f'.repeat(64) };

function model(name: string, more: Partial<ModelResult> = {}): ModelResult {
  return {
    model: name, baseline: false, predictions: 402, abstained: 2, outcomes: 398, expired: 2, open: 0, logLoss: 1, accuracy: 0.5, brier: 0.6, calibrationError: 0.05,
    confusion: [100, 50, 20, 30, 100, 20, 10, 8, 60], calibration: Array.from({ length: 10 }, (_, i) => ({ count: i * 10, sumProbability: i * (i + 0.5), hits: i * 4 })),
    versusBaseline: { mean: -0.1, low: -0.2, high: 0.05, count: 398, blocks: 40 }, version: 12, weightsSha256: 'a'.repeat(64), ...more,
  };
}

const MODELS = [model('softmax'), model('prior', { baseline: true, versusBaseline: null }), model('persistence', { baseline: true })];
const RESULTS: RunResults = {
  baseline: 'prior', models: MODELS, features: topic, predictions: topic, outcomes: topic, evaluations: topic, weightsSha256: 'b'.repeat(64), deadLetters: { LATE_EVENT: 4 },
};

/** 400 seconds of one outcome a second, the instruments in turn; softmax 0.1 better than the others on the first one. */
function breakdown(): Breakdown {
  const all = new Breakdown(10 * SECOND);
  for (const { model: name } of MODELS) {
    for (let i = 0; i < 402; i++) {
      const instrument = i % 2 === 0 ? 'x:A' : HOSTILE;
      const time = 1_742_860_800 * SECOND + i * SECOND;
      all.prediction(Prediction.fromPartial({ model: name, instrument, eventTimeUs: time, abstained: i < 2 ? 'NOT_WARM' : '' }));
      if (i < 2) continue;
      const logLoss = 1 + (i % 5) / 10 - (name === 'softmax' && i % 2 === 0 ? 0.1 : 0);
      all.outcome(Outcome.fromPartial({ model: name, instrument, eventTimeUs: time, dueTimeUs: time + 5 * SECOND, expired: i > 399, label: i % 3, logLoss, probabilities: [0.5, 0.3, 0.2] }));
    }
  }
  return all;
}

const config = configSchema.parse({});
const data = (): ReportData => reportData({ results: RESULTS, breakdown: breakdown(), config, title: 'a <b> recording', about: [['recording', 'x & y']], classes: ['down', 'flat', 'up'] });

describe('the data of a report', () => {
  test('each instrument and hour has its counts, its loss, and its difference from the baseline on the same rows', () => {
    const [softmax, prior] = data().models;
    expect(softmax!.byInstrument.map(({ name, predictions, abstained, expired, outcomes }) => [name, predictions, abstained, expired, outcomes])).toEqual([
      [HOSTILE, 201, 1, 1, 199],
      ['x:A', 201, 1, 1, 199],
    ]);
    expect(softmax!.byInstrument.map(({ difference }) => difference!.mean)).toEqual([expect.closeTo(0, 9), expect.closeTo(-0.1, 9)]);
    expect(softmax!.byHour.map(({ name, outcomes }) => [name, outcomes])).toEqual([['00', 398]]);
    expect(softmax!.byHour[0]!.accuracy).toBeCloseTo(133 / 398, 9);
    expect(prior!.byInstrument.every(({ difference }) => difference === null)).toBe(true);
    expect(softmax!.abstained).toEqual([{ reason: 'NOT_WARM', count: 2 }]);
  });

  test('metrics over time are windows with bands, beside the baselines', () => {
    const { times, series, windowUs } = data().rolling;
    expect(windowUs).toBe(60 * SECOND);
    expect(times.length).toBeGreaterThan(30);
    expect(series.map(({ model: name, difference }) => [name, difference === null])).toEqual([['softmax', false], ['prior', true], ['persistence', false]]);
    for (const estimate of series[0]!.difference!) expect(estimate!.low!).toBeLessThanOrEqual(estimate!.mean);
    expect(series[0]!.logLoss).toHaveLength(times.length);
  });
});

describe('sentences on skill', () => {
  const interval = (low: number, high: number) => ({ mean: (low + high) / 2, low, high, count: 9, blocks: 9 });
  test.each([
    [interval(-0.2, -0.1), /is better than prior beyond chance/, /^m shows skill/],
    [interval(0.1, 0.2), /is worse than prior/, /^No skill is shown: the model does not beat prior/],
    [interval(-0.1, 0.2), /cannot be told from prior/, /^No skill is shown/],
    [interval(Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY), /too short/, /too short/],
  ])('%j', (versusBaseline, own, whole) => {
    const one = model('m', { versusBaseline });
    expect(verdict(one, 'prior')).toMatch(own);
    expect(headline({ ...RESULTS, models: [one, MODELS[1]!] })).toMatch(whole);
  });

  test('the best of several is said to look better than it is; nothing scored is no statement', () => {
    const models = [model('a', { versusBaseline: interval(-2, -1) }), model('b', { versusBaseline: interval(-2, -1) }), model('c')];
    expect(headline({ ...RESULTS, models })).toMatch(/^a and b show skill.*With 3 models compared/);
    expect(headline({ ...RESULTS, baseline: null, models: [] })).toMatch(/no statement/);
  });
});

describe('the page', () => {
  const file = join(directory, 'report.html');
  const write = (): Promise<void> => writeReport(file, { results: RESULTS, breakdown: breakdown(), config, title: 'a <b> recording', about: aboutRun('x & y.csv', config, RESULTS) });

  test('needs nothing beside it and lets no name become markup', async () => {
    await write();
    const html = readFileSync(file, 'utf8');
    expect(/<(script|link|img)[^>]*\b(src|href)=/.test(html)).toBe(false);
    expect(/url\(|@import/.test(html)).toBe(false);
    expect(html.includes('<img')).toBe(false);
    expect(html.includes('a &lt;b&gt; recording')).toBe(true);
    expect(html.includes('x &amp; y.csv')).toBe(true);
    expect(html.includes('4 LATE_EVENT')).toBe(true);
  });

  test('a file that cannot be written is refused before the run', async () => {
    for (const wrong of [join(directory, 'no', 'such', 'r.html'), directory]) {
      const error = await checkWritable(wrong).catch((thrown: unknown) => thrown);
      expect(hasCode(error, 'FILE_UNWRITABLE')).toBe(true);
    }
    await checkWritable(file);
  });

  const browser = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'].find(existsSync);
  (browser === undefined ? test.skip : test)('draws its charts in a browser, on a phone too, without an error (skipped: no Chromium)', async () => {
    await write();
    const started = await chromium.launch({ executablePath: browser!, args: ['--no-sandbox'] });
    try {
      for (const [width, height] of [[1280, 900], [390, 844]] as const) {
        const page = await started.newPage({ viewport: { width, height } });
        const errors: string[] = [];
        page.on('pageerror', (error) => { errors.push(error.message); });
        page.on('console', (message) => { if (message.type() === 'error') errors.push(message.text()); });
        await page.goto(pathToFileURL(file).href);
        await page.waitForSelector('.u-wrap canvas');
        expect(await page.locator('.u-wrap canvas').count()).toBe(6);
        expect(await page.evaluate('document.documentElement.scrollWidth')).toBe(width);
        expect(await page.title()).toBe('a <b> recording · Foretick backtest');
        expect(errors).toEqual([]);
        await page.close();
      }
    } finally {
      await started.close();
    }
  });
});
