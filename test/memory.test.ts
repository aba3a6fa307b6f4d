/**
 * Memory over a long replay: the recording over and over, through the whole pipeline. FORETICK_TEST_EVENTS=10000000
 * plays ten million events.
 */
import { afterAll, expect, test } from '@jest/globals';
import { join } from 'node:path';

import { builtChild, endAll, start } from './support/program.ts';
import { say } from './support/random.ts';
import { RECORDING, scratchDirectory } from './support/recording.ts';
import type { ReplayOptions, Sample } from './memory/replay-child.ts';

const LAP = 50_000;
const EVENTS = Number(process.env['FORETICK_TEST_EVENTS'] ?? 500_000);
const HEAP_MB = 192;
const MB = 1024 * 1024;

const root = scratchDirectory();
afterAll(() => {
  endAll();
  root.remove();
});

/** Least squares: bytes an event, over samples of (share of all events, bytes). */
function slope(points: readonly (readonly [number, number])[]): number {
  const mean = (of: (point: readonly [number, number]) => number): number => points.reduce((sum, point) => sum + of(point), 0) / points.length;
  const x = mean(([at]) => at);
  const y = mean(([, bytes]) => bytes);
  const covariance = mean(([at, bytes]) => (at - x) * (bytes - y));
  return covariance / mean(([at]) => (at - x) ** 2);
}

test(`memory stays flat over ${EVENTS} events, in a heap of ${HEAP_MB} MB`, async () => {
  const laps = Math.ceil(EVENTS / LAP);
  const options: ReplayOptions = { file: RECORDING, directory: join(root.path, 'queue'), laps, rows: LAP };
  const { code, stdout, stderr } = await start(builtChild('test/memory/replay-child'), [JSON.stringify(options)], {
    nodeOptions: ['--expose-gc', `--max-old-space-size=${HEAP_MB}`],
  }).ended;
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  const samples = stdout.trimEnd().split('\n').map((line) => JSON.parse(line) as Sample);
  const records = samples.at(-1)!.written;
  expect(samples.at(-1)!.trained).toBe(records);
  const events = ({ trained }: Sample): number => (trained / records) * laps * LAP;
  const warm = samples.filter((sample) => sample.trained > records / 3 && sample.trained < records);
  expect(warm.length).toBeGreaterThan(10);
  const live = slope(warm.map((sample) => [events(sample), sample.live]));
  const anonymous = slope(warm.map((sample) => [events(sample), sample.anonymous]));
  const most = Math.max(...samples.map((sample) => sample.anonymous)) / MB;
  const last = warm.at(-1)!;
  say(
    `memory over ${laps * LAP} events: live ${live.toFixed(2)} and resident ${anonymous.toFixed(2)} bytes an event after warm-up; ` +
      `at the end live ${(last.live / MB).toFixed(0)} MB, resident ${(last.anonymous / MB).toFixed(0)} MB, at most ${most.toFixed(0)} MB; ` +
      `${Math.round(events(last) / last.seconds)} events/s`,
  );
  // A leak of one feature row an event would be hundreds of bytes; 20 MB of noise over the run are not a leak.
  const noise = (20 * MB) / (laps * LAP);
  expect(live).toBeLessThan(4 + noise);
  expect(anonymous).toBeLessThan(4 + noise);
  expect(most).toBeLessThan(HEAP_MB + 100);
}, 600_000 + EVENTS * 0.6);
