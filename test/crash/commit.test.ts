/** kill -9 by committed ordinal: in the middle of commits, snapshots and checkpoints, and right before and after them. */
import { afterAll, expect, test } from '@jest/globals';
import { join } from 'node:path';

import type { BacktestSettings, Digests } from '../support/backtest.ts';
import { builtChild, endAll, start } from '../support/program.ts';
import { printedRandom, say, type Random } from '../support/random.ts';
import { cutRecording, scratchDirectory } from '../support/recording.ts';
import type { ChildOptions } from './backtest-child.ts';
import { KINDS, POINTS, type Kill } from './killing-store.ts';

/** Kills by this file; as many again are done by time.test.ts. */
const KILLS = Math.ceil(Number(process.env['FORETICK_TEST_KILLS'] ?? 110) / 2);
const ROWS = 5_000;
/** One run suffers at most so many kills before it may end. */
const KILLS_A_RUN = 19;

const root = scratchDirectory();
afterAll(() => {
  endAll();
  root.remove();
});

const file = cutRecording(root.path, ROWS);
const child = builtChild('test/crash/backtest-child');
// Small records and frequent checkpoints: many instants at which something is half done.
const sections = {
  features: { batch_rows: 200, checkpoint_rows: 900 },
  training: { checkpoint_rows: 700, evaluate_every: 100 },
  target: { horizon: '2s' },
};
const settings = (directory: string): BacktestSettings => ({ file, directory, speed: 60, sections });

type Finished = { readonly digests: Digests; readonly faults: string[] };

/** The line that a kill left, or the results. */
async function run(options: ChildOptions): Promise<string | Finished> {
  const { code, signal, stdout, stderr } = await start(child, [JSON.stringify(options)]).ended;
  expect(stderr).toBe('');
  if (signal === 'SIGKILL' && stdout.startsWith('killed ')) return stdout.trim();
  expect([code, signal]).toEqual([0, null]);
  return JSON.parse(stdout) as Finished;
}

/** Every kind and point in turn, so that each is met; how often it passes first is drawn. */
function killOf(random: Random, turn: number): Kill {
  const kind = KINDS[turn % KINDS.length]!;
  const point = POINTS[Math.floor(turn / KINDS.length) % POINTS.length]!;
  const rare = kind === 'feature checkpoint' || kind === 'snapshot';
  return { kind, point, n: random.whole(1, rare ? 3 : 6) };
}

test(`killed ${KILLS} times by committed ordinal and restarted, a backtest gives what an uninterrupted one gives`, async () => {
  const random = printedRandom('kills by ordinal');
  const reference = (await run({ settings: settings(join(root.path, 'reference')), kill: null })) as Finished;
  expect(reference.faults).toEqual([]);
  const counts = new Map<string, number>();
  let kills = 0;
  let turn = 0;
  for (let runs = 0; kills < KILLS; runs++) {
    const directory = join(root.path, `run-${runs}`);
    let suffered = 0;
    let finished: Finished | undefined;
    while (!finished) {
      const kill = suffered < KILLS_A_RUN && kills < KILLS ? killOf(random, turn++) : null;
      const ended = await run({ settings: settings(directory), kill });
      if (typeof ended !== 'string') {
        finished = ended;
        continue;
      }
      counts.set(ended, (counts.get(ended) ?? 0) + 1);
      suffered++;
      kills++;
    }
    expect({ run: runs, ...finished }).toEqual({ run: runs, ...reference });
  }
  const table = [...counts].sort(([a], [b]) => (a < b ? -1 : 1));
  say(`${kills} kills: ${table.map(([what, count]) => `${count} ${what}`).join('; ')}`);
  for (const kind of KINDS) expect([kind, table.some(([what]) => what.endsWith(kind))]).toEqual([kind, true]);
  for (const point of POINTS) expect([point, table.some(([what]) => what.includes(point))]).toEqual([point, true]);
}, 600_000 + KILLS * 4_000);

test('killed before its last snapshots, a run works through everything again before it reports', async () => {
  const late = (directory: string): BacktestSettings => ({
    file,
    directory,
    sections: {
      target: { horizon: '2s' },
      // Many small records, so that catching up takes longer than all else.
      features: { batch_rows: 5 },
      training: { checkpoint_rows: 1_000_000, checkpoint_interval: '1h' },
    },
  });
  const reference = await run({ settings: late(join(root.path, 'late-reference')), kill: null });
  // The first snapshots come at once, in one to three commits; those of the end are the next.
  for (const n of [4, 3, 2]) {
    const directory = join(root.path, `late-${n}`);
    const killed = await run({ settings: late(directory), kill: { kind: 'snapshot', point: 'before commit', n } });
    if (typeof killed !== 'string') continue;
    expect(await run({ settings: late(directory), kill: null })).toEqual(reference);
    return;
  }
  throw new Error('no run was killed');
}, 300_000);
