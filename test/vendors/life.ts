/**
 * `npm run soak:life -- [--minutes 10] [--rate 20] [--only NAME]...`: one process of `foretick collect` with a source for every contract, on Kafka, for a long
 * time in which every vendor has its faults; their stand-ins live in this process, so that the memory of the other is that of the collectors.
 *
 * Each minute a line: the lowest heap and outside memory seen in it, which is what is held when the collector of garbage has just been, and the resident set.
 * The last line is the rise a minute over the second half, by least squares. RATE is what happens a second at each vendor.
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { stringify } from 'yaml';

import { systemClock } from '#collectors';

import { startCluster } from '../kafka/runner/cluster.ts';
import { MAIN, eventually, start } from '../support/program.ts';
import { CONTRACTS, contractNames } from './contracts.ts';
import { faultsOf } from './kit/faults.ts';
import { slope } from './kit/slope.ts';
import { StandIn } from './kit/stand-in.ts';

const { values } = parseArgs({ options: { minutes: { type: 'string', default: '10' }, rate: { type: 'string', default: '20' }, only: { type: 'string', multiple: true, default: [] } } });
const minutes = Number(values.minutes);
const rate = Number(values.rate);
const write = (text: string): void => { process.stdout.write(`${text}\n`); };
const names = contractNames(values.only);
const directory = mkdtempSync(join(tmpdir(), 'foretick-life-'));
const cluster = await startCluster();
const standIns = new Map(await Promise.all(names.map(async (name, i) => {
  const standIn = new StandIn({ clock: systemClock, seed: i, vendor: CONTRACTS[name].vendor });
  await standIn.start();
  return [name, standIn] as const;
})));
const sources = [...standIns.values()].map(({ vendor, proxy }, i) => ({
  ...vendor.settings({ http: `http://127.0.0.1:${proxy.port}`, ws: `ws://127.0.0.1:${proxy.port}` }),
  name: `${vendor.kind}-${i}`,
  kind: vendor.kind,
  instruments: vendor.symbols,
}));
const config = join(directory, 'life.yaml');
writeFileSync(config, stringify({ queue: { driver: 'kafka', kafka: { brokers: cluster.bootstrap } }, topics: { prefix: 'life', partitions: 4, shards: 1 }, sources, source_files: ['examples/sources/oanda.js'], logging: { level: 'warn' } }));
// The keys that the stand-ins want.
const env = Object.fromEntries([...JSON.stringify(sources).matchAll(/"env":"([A-Z_]+)"/g)].map(([, key]) => [key!, `secret-of-${key!}`]));
const collector = start(MAIN, ['collect', '--config', config, '--health-port', '0'], { env });
const minima: number[] = [];
try {
  const url = await eventually('the collector says where it listens', () => /http:\/\/[^\s,]+/.exec(collector.stdout())?.[0], 60_000);
  names.forEach((name, i) => void playOn(name, standIns.get(name)!, i));
  for (let minute = 1; minute <= minutes; minute++) {
    const seen = { held: Infinity, resident: 0, rows: 0 };
    for (let second = 0; second < 60; second++) {
      await sleep(1000);
      const { held, resident, rows } = await look(url);
      seen.held = Math.min(seen.held, held);
      seen.resident = Math.max(seen.resident, resident);
      seen.rows = Math.max(seen.rows, rows);
    }
    minima.push(seen.held);
    write(`minute ${minute}: held ${(seen.held / 1e6).toFixed(1)} MB, resident ${(seen.resident / 1e6).toFixed(0)} MB, published ${seen.rows}`);
  }
  write(`rise a minute over the second half: ${(slope(minima.slice(Math.floor(minima.length / 2))) / 1000).toFixed(0)} kB`);
} catch (error) {
  write(collector.stderr().slice(-3000));
  throw error;
} finally {
  collector.kill('SIGTERM');
  await Promise.race([collector.ended, sleep(20_000)]);
  collector.kill('SIGKILL');
  await Promise.all([...standIns.values()].map((standIn) => standIn.stop()));
  await cluster.stop();
  rmSync(directory, { recursive: true, force: true });
}
process.exit(0);

/** Faults of one seed after another, until the time is over. */
async function playOn(name: (typeof names)[number], standIn: StandIn, first: number): Promise<void> {
  const end = Date.now() + minutes * 60_000;
  for (let seed = first; Date.now() < end; seed++) await standIn.play({ ...faultsOf(CONTRACTS[name], seed), rate });
}

/** Bytes that the collector holds and has resident, and rows so far. */
async function look(url: string): Promise<{ held: number; resident: number; rows: number }> {
  const text = await (await fetch(`${url}/metrics`)).text();
  const sum = (metric: string): number => text.split('\n').filter((line) => line.startsWith(`${metric}{`) || line.startsWith(`${metric} `)).reduce((all, line) => all + Number(line.split(' ').at(-1)), 0);
  return { held: sum('nodejs_heap_size_used_bytes') + sum('nodejs_external_memory_bytes'), resident: sum('process_resident_memory_bytes'), rows: sum('foretick_collector_ticks_total') + sum('foretick_collector_posts_total') };
}
