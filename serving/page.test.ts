/** The page in a real browser, fed by a server: what a person sees, and that the console stays clean. */
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { existsSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { chromium, type Browser, type Page } from 'playwright-core';

import { SCHEMA } from '#proto';

import { startHarness, type Harness } from './testing/harness.ts';
import { EVENT_TIME, HORIZON_US, aliasRecord, evaluationRecord, featureRecord, jsonRecord, modelRecord, predictionOf, predictionRecord } from './testing/records.ts';

const CHROMIUM = '/usr/bin/chromium';
const ARTIFACTS = join(import.meta.dirname, '..', 'test', '.artifacts');
const ARGS = ['--headless', '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking', '--disable-component-update', '--disable-sync'];
const STAGES = [
  { name: 'collector replay', role: 'collector', rows: 41_000, lagRecords: null, lagSeconds: 0.2, state: 'running' },
  { name: 'feature worker', role: 'features', rows: 40_800, lagRecords: 2, lagSeconds: 0.4, state: 'running' },
  { name: 'training softmax', role: 'training', rows: 40_000, lagRecords: 12, lagSeconds: 14, state: 'running' },
] as const;
/** Of the newest evaluations: what the matrix and the diagram are drawn from. */
const CONFUSION: Record<string, number[]> = { softmax: [620, 200, 180, 150, 700, 150, 190, 210, 600], prior: [0, 1000, 0, 0, 1000, 0, 0, 1000, 0], persistence: [500, 300, 200, 300, 400, 300, 200, 300, 500] };
const BINS = Array.from({ length: 10 }, (_, i) => {
  const count = [0, 0, 0, 900, 1400, 700, 0, 0, 0, 0][i]!;
  return { count, sumProbability: count * (0.05 + i / 10), hits: Math.round(count * (0.02 + i / 10)) };
});
const PRICES: Record<string, number> = { 'binance:BTC-USDT': 87_214.31, 'binance:ETH-USDT': 2071.4, 'binance:XRP-USDT': 2.4513 };

/** A morning's worth of a small pipeline; `lap` as the cursor tells it. */
function feed(h: Harness, lap: number): void {
  const wave = (i: number, k: number): number => Math.sin(i / 7 + k) * 0.4 + Math.sin(i / 2.3 + k * 2) * 0.2;
  h.queue.append([aliasRecord('softmax'), modelRecord('softmax', 12_480), modelRecord('prior', 12_480), modelRecord('persistence', 12_480)]);
  const each = (rows: number, append: (instrument: string, i: number, k: number, ordinal: number) => void): void => {
    const instruments = Object.keys(PRICES);
    for (let i = 0; i < rows; i++) instruments.forEach((instrument, k) => { append(instrument, i, k, i * instruments.length + k); });
  };
  each(120, (instrument, i, k, ordinal) => {
    const price = PRICES[instrument]! * (1 + wave(i, k) / 2000);
    h.queue.append([featureRecord({ instrument, ordinal, price, eventTime: EVENT_TIME + i * 1_000_000, values: [0.1 + k * 0.2, 0, 0] })]);
  });
  each(8, (instrument, i, k, ordinal) => {
    const up = 0.3 + 0.2 * Math.abs(wave(i, k));
    const probabilities = [0.6 - up, 0.4, up];
    h.queue.append([predictionRecord(predictionOf({ instrument, model: 'softmax', ordinal, version: 12_480, probabilities }))]);
    if (i > 4) return;
    const label = (i + k) % 3;
    const outcome = { task: 'softmax/0', ordinal, model: 'softmax', version: 12_480, instrument, predictionOrdinal: ordinal, eventTimeUs: EVENT_TIME, dueTimeUs: EVENT_TIME + HORIZON_US, label, returnBps: (label - 1) * 2.4, logLoss: 1.02, probabilities, expired: false };
    h.queue.append([jsonRecord('outcomes', SCHEMA.outcome, instrument, outcome)]);
  });
  h.queue.append([predictionRecord(predictionOf({ instrument: 'binance:XRP-USDT', model: 'softmax', ordinal: 90, probabilities: [], abstained: 'NOT_WARM' }))]);
  const losses: [string, number][] = [['softmax', 0.986], ['prior', 1.041], ['persistence', 1.033]];
  for (const [model, floor] of losses) {
    for (let i = 0; i < 80; i++) {
      const loss = floor + 0.25 / (i + 2) + wave(i, floor * 20) / 300;
      h.queue.append([
        evaluationRecord({ model, ordinal: 2 * i, scope: 'window', outcomes: 500, logLoss: loss + wave(i, floor * 9) / 30, toTimeUs: EVENT_TIME + i * 30_000_000 }),
        evaluationRecord({ model, ordinal: 2 * i + 1, scope: 'total', outcomes: 500 * (i + 1), logLoss: loss, accuracy: 0.52 + (1.05 - floor), brier: loss * 0.58, confusion: CONFUSION[model]!, calibration: BINS, toTimeUs: EVENT_TIME + i * 30_000_000 }),
      ]);
    }
  }
  const cursor = { source: 'replay', position: '', published: 41_000, rows: 100_000, row: 41_000, lap, finished: false };
  h.queue.append([
    jsonRecord('cursors', SCHEMA.cursor, 'replay', cursor),
    jsonRecord('posts', SCHEMA.post, 'binance:BTC-USDT', { instrument: 'binance:BTC-USDT', source: 'generator', eventTimeUs: EVENT_TIME, receiptTimeUs: EVENT_TIME, text: '<img src=x>', synthetic: true }),
  ]);
}

const withBrowser = existsSync(CHROMIUM) ? describe : describe.skip;

withBrowser('the page in Chromium (skipped where /usr/bin/chromium is not installed)', () => {
  let browser: Browser;
  let h: Harness;
  beforeAll(async () => {
    await mkdir(ARTIFACTS, { recursive: true });
    browser = await chromium.launch({ executablePath: CHROMIUM, args: ARGS });
    h = await startHarness({ empty: true, clock: Date.now, stages: () => Promise.resolve(STAGES), status: () => ({ evaluateEvery: 500 }) });
  });
  afterAll(async () => {
    await browser.close();
    await h.close();
  });

  async function open(options: { dark?: boolean; width?: number }, complaints: string[]): Promise<Page> {
    const page = await browser.newPage({ viewport: { width: options.width ?? 1280, height: 900 }, colorScheme: options.dark === true ? 'dark' : 'light' });
    page.on('console', (message) => { if (message.type() === 'error' || message.type() === 'warning') complaints.push(message.text()); });
    page.on('pageerror', (error) => complaints.push(error.message));
    await page.goto(h.url);
    return page;
  }

  const shoot = async (page: Page, name: string): Promise<void> => {
    await page.screenshot({ path: join(ARTIFACTS, `${name}.png`), fullPage: true });
  };

  test('says what it waits for while there is nothing, then comes alive without a reload', async () => {
    const complaints: string[] = [];
    const page = await open({}, complaints);
    await page.getByText('Waiting for the first prices.').waitFor();
    await page.locator('#state', { hasText: 'Live' }).waitFor();
    await page.locator('#confusion', { hasText: 'No evaluation yet: the first comes after 500 outcomes.' }).waitFor();
    await shoot(page, 'page-empty');
    feed(h, 1);
    await page.locator('.card').nth(2).waitFor();
    expect(await page.locator('.card b[title="binance:BTC-USDT"]').textContent()).toBe('BTC-USDT');
    await page.locator('#state', { hasText: 'Replaying, lap 1' }).waitFor();
    await page.locator('.bar.top').nth(1).waitFor();
    await page.locator('#cards').getByText('Warming up').waitFor();
    const best = page.locator('#models tr.best');
    expect(await best.textContent()).toMatch(/softmax.*champion.*best/);
    expect(await page.locator('#models tbody tr').count()).toBe(3);
    expect(await page.locator('#notices').textContent()).not.toContain('unseen');
    await page.locator('#chart canvas').waitFor();
    await page.getByRole('button', { name: 'Each window' }).click();
    await page.waitForTimeout(400);
    await page.getByRole('button', { name: 'Running' }).click();
    await page.waitForTimeout(400);
    await shoot(page, 'page-light');
    expect(complaints).toEqual([]);
    await page.close();
  });

  test('shows confusion, calibration and stages of what it is told; a dead letter is text, whatever it holds', async () => {
    const complaints: string[] = [];
    const page = await open({}, complaints);
    await page.getByText('No dead letters.').waitFor();
    const hostile = '<script>document.title = "taken"</script><img src=x onerror="document.title=\'taken\'">';
    const headers = { code: '<b>MALFORMED</b>', message: hostile, topic: 'test.quotes.v1', partition: '0', offset: '7', row: '0' };
    h.queue.append([{ topic: 'test.dead-letters.v1', key: hostile, value: hostile, headers }]);
    h.queue.append([{ topic: 'test.dead-letters.v1', key: 'file.csv', value: Uint8Array.of(0, 255, 1), headers: { code: 'MALFORMED_RECORD', offset: '3' } }]);
    const letter = page.locator('#letters details', { hasText: 'test.quotes.v1 0/7' });
    await letter.waitFor();
    await letter.locator('summary').click();
    expect(await letter.locator('pre').textContent()).toBe(hostile);
    expect(await page.locator('#letters script, #letters img, #letters summary b b').count()).toBe(0);
    expect(await page.title()).toBe('Foretick');
    await page.locator('#letters', { hasText: 'file.csv, row 3' }).waitFor();
    await page.locator('#letters-count', { hasText: '2 kept' }).waitFor();
    expect(await page.locator('.matrix .cell').count()).toBe(9);
    expect(await page.locator('.matrix .cell.right b').first().textContent()).toBe('62%');
    expect(await page.locator('.reliability .dot').count()).toBe(3);
    await page.locator('#reliability').getByText('Expected calibration error').waitFor();
    await page.locator('#stages', { hasText: 'feature worker' }).waitFor();
    await page.locator('#stages', { hasText: 'serving' }).waitFor();
    await page.locator('#model').selectOption('prior');
    await page.locator('.matrix .cell.right b', { hasText: '100%' }).first().waitFor();
    expect(complaints).toEqual([]);
    await page.close();
  });

  test('tells that only the first lap is unseen data, that posts are made up, and fits a phone', async () => {
    const complaints: string[] = [];
    h.queue.append([jsonRecord('cursors', SCHEMA.cursor, 'replay', { source: 'replay', rows: 100_000, row: 12_000, lap: 3, finished: false })]);
    for (const width of [1280, 390]) {
      const page = await open({ dark: true, width }, complaints);
      await page.getByText('only the first lap is unseen data').waitFor();
      await page.getByText('made up by a generator').waitFor();
      await page.locator('#chart canvas').waitFor();
      expect(await page.evaluate('document.documentElement.scrollWidth <= window.innerWidth')).toBe(true);
      await shoot(page, width === 390 ? 'page-phone-dark' : 'page-dark');
      await page.close();
    }
    const phone = await open({ width: 390 }, complaints);
    await phone.locator('#chart canvas').waitFor();
    await shoot(phone, 'page-phone-light');
    await phone.close();
    expect(complaints).toEqual([]);
  });

  test('says so when the server goes away', async () => {
    const page = await open({}, []);
    await page.locator('.card').first().waitFor();
    await h.server.stop(0);
    await page.locator('#state', { hasText: 'Disconnected' }).waitFor();
    await shoot(page, 'page-disconnected');
    await page.close();
  });
});
