/** kill -9 from outside, at random times, of the real command line; SIGTERM too. The same command goes on each time. */
import { afterAll, expect, test } from '@jest/globals';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import type { RunResults } from '#app';

import { digestsOf, faultsOf, type Digests } from '../support/backtest.ts';
import { MAIN, endAll, eventually, foretick, pause, start, type Ended } from '../support/program.ts';
import { printedRandom, say, type Random } from '../support/random.ts';
import { RECORDING, cutRecording, scratchDirectory } from '../support/recording.ts';

const KILLS = Math.ceil(Number(process.env['FORETICK_TEST_KILLS'] ?? 110) / 2);
const KILLS_A_RUN = 19;

const root = scratchDirectory();
afterAll(() => {
  endAll();
  root.remove();
});

const config = join(root.path, 'foretick.yaml');
writeFileSync(config, 'features: { batch_rows: 200, checkpoint_rows: 900 }\ntraining: { checkpoint_rows: 700, evaluate_every: 100 }\ntarget: { horizon: 2s }\n');

interface Command {
  readonly file: string;
  readonly directory: string;
  readonly speed: string;
}

const argumentsOf = ({ file, directory, speed }: Command): string[] => [
  'backtest', file, '--data', directory, '--json', '--config', config, '--speed', speed, '--made-up-posts', '60', '--posts-about', 'binance:BTC-USDT,binance:ETH-USDT',
];

function resultsOf({ code, stdout, stderr }: Ended): { digests: Digests; faults: string[] } {
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  const results = JSON.parse(stdout) as RunResults;
  return { digests: digestsOf(results), faults: faultsOf(results) };
}

/** Resolves once the process holds its data directory: it reads, computes or writes from here on. */
function atWork(directory: string, pid: number, ended: () => boolean): Promise<true> {
  return eventually('the run holds its directory', () => {
    if (ended()) return true;
    try {
      return readFileSync(join(directory, 'lock'), 'utf8').includes(`"pid":${pid},`) || undefined;
    } catch {
      return undefined; // Not made yet.
    }
  });
}

/** Runs the command and sends `signal` at a random instant. */
async function disturbed(command: Command, signal: NodeJS.Signals, random: Random, longestMs: number): Promise<Ended> {
  const program = start(MAIN, argumentsOf(command));
  let over = false;
  const ended = program.ended.then((how) => {
    over = true;
    return how;
  });
  // One in eight while the program loads.
  if (random.next() > 0.125) await atWork(command.directory, program.child.pid!, () => over);
  await Promise.race([ended, pause(random.next() * longestMs)]);
  program.kill(signal);
  return ended;
}

test(`killed ${KILLS} times at random instants and started again, the command line gives what an uninterrupted run gives`, async () => {
  const random = printedRandom('kills by time');
  const file = cutRecording(root.path, 8_000);
  const command = (name: string): Command => ({ file, directory: join(root.path, name), speed: '60' });
  const reference = resultsOf(await foretick(argumentsOf(command('reference'))));
  expect(reference.faults).toEqual([]);
  let kills = 0;
  let runs = 0;
  while (kills < KILLS) {
    const run = command(`run-${++runs}`);
    let ended: Ended | undefined;
    for (let i = 0; i < KILLS_A_RUN && kills < KILLS; i++) {
      ended = await disturbed(run, 'SIGKILL', random, 1_200);
      if (ended.signal === null) break;
      expect(ended.signal).toBe('SIGKILL');
      kills++;
    }
    if (ended?.signal !== null) ended = await foretick(argumentsOf(run));
    expect({ runs, ...resultsOf(ended) }).toEqual({ runs, ...reference });
  }
  say(`${kills} kills by time in ${runs} runs`);
}, 600_000 + KILLS * 6_000);

test('SIGTERM at random instants: exit code 130, and the same command goes on', async () => {
  const random = printedRandom('SIGTERM');
  const file = cutRecording(root.path, 5_000);
  const command = (name: string): Command => ({ file, directory: join(root.path, name), speed: '20' });
  const reference = resultsOf(await foretick(argumentsOf({ ...command('uninterrupted'), speed: 'max' })));
  const run = command('interrupted');
  const codes: (number | null)[] = [];
  let last: Ended | undefined;
  for (let i = 0; i < 8 && last?.code !== 0; i++) {
    last = await disturbed(run, 'SIGTERM', random, 600);
    codes.push(last.code);
    // Before the program listens for signals, the system ends it.
    if (last.code === null) expect(last.signal).toBe('SIGTERM');
    else if (last.code !== 0) expect(last).toMatchObject({ code: 130, stdout: '' });
  }
  expect(codes).toContain(130);
  say(`SIGTERM: exit codes ${codes.join(', ')}`);
  expect(resultsOf(last?.code === 0 ? last : await foretick(argumentsOf(run)))).toEqual(reference);
}, 300_000);

test('the whole recording, killed three times', async () => {
  const random = printedRandom('the whole recording');
  const command = (name: string): Command => ({ file: RECORDING, directory: join(root.path, name), speed: 'max' });
  const reference = resultsOf(await foretick(argumentsOf(command('whole'))));
  expect(reference.faults).toEqual([]);
  let last: Ended | undefined;
  for (let i = 0; i < 3 && last?.signal !== null; i++) last = await disturbed(command('killed'), 'SIGKILL', random, 3_000);
  expect(resultsOf(last?.signal === null ? last : await foretick(argumentsOf(command('killed'))))).toEqual(reference);
}, 300_000);
