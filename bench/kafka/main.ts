/**
 * `npm run bench:kafka [-- --quick] [--line 4|3.9]`: our driver beside bare kafkajs, on a broker of its own (or `KAFKA_BROKERS`).
 * Medians of interleaved repetitions; every repetition has fresh topics.
 */
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { parseArgs } from 'node:util';

import { openKafkaQueue, type Delivery } from '#queue/kafka';

import { startCluster } from '../../test/kafka/runner/cluster.ts';
import { machine, machineLine } from '../machine.ts';
import { printSection, type Row, type Section } from '../report.ts';
import { median } from '../stats.ts';
import type { Usage } from '../usage.ts';
import { consume, produce, type ClientName, type RecordWork } from './clients.ts';
import { bareHop, throughWorkers, type Latency, type LatencyWork } from './latency.ts';

const { values } = parseArgs({ options: { quick: { type: 'boolean', default: false }, line: { type: 'string', default: '4' } } });
const repetitions = values.quick ? 1 : 5;
const CLIENTS: readonly ClientName[] = ['ours', 'kafkajs'];
const PARTITIONS = 4;
const BATCH = 1000;
let names = 0;
const fresh = (): string => `bench-${process.pid}-${names++}`;

async function recordsSection(brokers: readonly string[], bytes: number): Promise<Section> {
  const count = Math.ceil((values.quick ? 20_000 : bytes > 500 ? 100_000 : 400_000) / PARTITIONS / BATCH) * PARTITIONS * BATCH;
  const produced: Record<ClientName, Usage[]> = { ours: [], kafkajs: [] };
  const consumed: Record<ClientName, Usage[]> = { ours: [], kafkajs: [] };
  for (let i = 0; i <= repetitions; i++) {
    for (const client of CLIENTS) {
      const work: RecordWork = { brokers, topic: fresh(), partitions: PARTITIONS, count, batch: BATCH, bytes };
      const queue = await openKafkaQueue({ brokers });
      await queue.ensureTopics([{ name: work.topic, partitions: PARTITIONS, cleanup: 'delete' }]);
      await queue.close();
      const [sent, read] = [await produce(client, work), await consume(client, work)];
      // The first one compiles.
      if (i === 0 && !values.quick) continue;
      produced[client].push(sent);
      consumed[client].push(read);
    }
  }
  const rows = (what: string, runs: Record<ClientName, Usage[]>): Row[] => {
    const rate = (client: ClientName): number[] => runs[client].map(({ wall }) => count / wall);
    const cpu = (client: ClientName): string => `${((median(runs[client].map((run) => run.cpu)) / count) * 1e6).toFixed(2)} µs of CPU a record`;
    const ratio = median(rate('ours')) / median(rate('kafkajs'));
    return [
      { name: `${what}: ours`, unit: 'records/s', values: rate('ours'), ratio: `${ratio.toFixed(2)} × kafkajs`, aim: { limit: 0.8, is: 'at least', value: ratio }, note: cpu('ours') },
      { name: `${what}: kafkajs`, unit: 'records/s', values: rate('kafkajs'), note: cpu('kafkajs') },
    ];
  };
  return { name: `records-${bytes}`, title: `Records of ${bytes} bytes, ${BATCH} a call, ${PARTITIONS} partitions`, rows: [...rows('produce', produced), ...rows('consume', consumed)] };
}

async function through(work: LatencyWork, delivery: Delivery): Promise<Latency> {
  const child = fork(join(import.meta.dirname, 'workers.js'), [JSON.stringify(work), delivery]);
  await once(child, 'message');
  const latency = await throughWorkers(work);
  child.send('stop');
  await once(child, 'exit');
  return latency;
}

async function latencySection(brokers: readonly string[]): Promise<Section> {
  const work = (): LatencyWork => ({ brokers, name: fresh(), perSecond: 2000, seconds: values.quick ? 3 : 10 });
  const runs: Record<'hop' | Delivery, Latency[]> = { hop: [], idempotent: [], transactional: [] };
  for (let i = 0; i < repetitions; i++) {
    runs.hop.push(await bareHop(work()));
    for (const delivery of ['idempotent', 'transactional'] as const) runs[delivery].push(await through(work(), delivery));
  }
  const of = (which: keyof typeof runs, quantile: 'p50' | 'p99'): number[] => runs[which].map((run) => run[quantile]);
  const rows = (which: keyof typeof runs, name: string, limit?: number): Row[] => {
    const ratio = median(of(which, 'p50')) / median(of('hop', 'p50'));
    return [
      { name: `${name}, p50`, unit: 'ms', values: of(which, 'p50'), ...(limit !== undefined && { ratio: `${ratio.toFixed(1)} hops`, aim: { limit, is: 'at most' as const, value: ratio } }) },
      { name: `${name}, p99`, unit: 'ms', values: of(which, 'p99') },
    ];
  };
  return {
    name: 'latency',
    title: 'From tick to prediction at 2,000 ticks/s: three hops, feature worker and one model in a process, a commit for each batch',
    rows: [...rows('hop', 'one bare kafkajs hop'), ...rows('idempotent', 'idempotent', 3.5), ...rows('transactional', 'transactional', 25)],
  };
}

const given = process.env['KAFKA_BROKERS'];
const cluster = given === undefined ? await startCluster({ line: values.line === '3.9' ? '3.9' : '4' }) : null;
try {
  const brokers = cluster?.bootstrap ?? given!.split(',');
  const write = (text: string): void => { process.stdout.write(text); };
  write(`${machineLine(machine())}\n`);
  for (const section of [() => recordsSection(brokers, 200), () => recordsSection(brokers, 1024), () => latencySection(brokers)]) printSection(await section(), !values.quick, write);
} finally {
  await cluster?.stop();
}
