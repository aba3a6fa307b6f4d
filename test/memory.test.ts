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
const EVENTS = Number(process.env['FORETICK_TEST_EVENTS'] ?? 1_000_000);
const HEAP_MB = 192;
const MB = 1024 * 1024;

const root = scratchDirectory();
afterAll(() => {
  endAll();
  root.remove();
});

/** What is held when little is in flight: the lower tenth of the samples. */
function floorOf(samples: readonly Sample[], of: 'live' | 'anonymous'): number {
  const values = samples.map((sample) => sample[of]).sort((a, b) => a - b);
  return values[Math.floor(values.length / 10)]!;
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
  const within = (from: number, to: number): Sample[] =>
    samples.filter(({ trained }) => trained > from * records && trained <= to * records && trained < records);
  const [middle, end] = [within(1 / 3, 2 / 3), within(2 / 3, 1)];
  expect(Math.min(middle.length, end.length)).toBeGreaterThan(4);
  const growth = (of: 'live' | 'anonymous'): number => (floorOf(end, of) - floorOf(middle, of)) / MB;
  const most = Math.max(...samples.map((sample) => sample.anonymous)) / MB;
  const last = end.at(-1)!;
  say(
    `memory over ${laps * LAP} events: from the middle third to the last live ${growth('live').toFixed(1)} MB and resident ` +
      `${growth('anonymous').toFixed(1)} MB more; in the end live ${(floorOf(end, 'live') / MB).toFixed(0)} MB, resident ` +
      `${(floorOf(end, 'anonymous') / MB).toFixed(0)} MB, at most ${most.toFixed(0)} MB; ${Math.round(events(last) / last.seconds)} events/s`,
  );
  // One feature row kept for each event of a third would be 16 MB and more in the shortest run.
  const bound = 8 + (2 * laps * LAP) / 3 / MB;
  expect(growth('live')).toBeLessThan(bound);
  expect(growth('anonymous')).toBeLessThan(bound);
  expect(most).toBeLessThan(HEAP_MB + 100);
}, 600_000 + EVENTS * 0.6);
