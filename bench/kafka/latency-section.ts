/** The way of a tick to its prediction, held against one bare kafkajs hop. */
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';

import type { Delivery } from '#queue/kafka';

import type { Row, Section } from '../report.ts';
import { median } from '../stats.ts';
import { bareHop, throughWorkers, type Latency, type LatencyWork } from './latency.ts';
import type { KafkaBench } from './settings.ts';

async function through(work: LatencyWork, delivery: Delivery): Promise<Latency> {
  const child = fork(join(import.meta.dirname, 'workers.js'), [JSON.stringify(work), delivery]);
  await once(child, 'message');
  const latency = await throughWorkers(work);
  child.send('stop');
  await once(child, 'exit');
  return latency;
}

export async function latencySection({ brokers, quick, repetitions, fresh }: KafkaBench): Promise<Section> {
  const work = (): LatencyWork => ({ brokers, name: fresh(), perSecond: 2000, seconds: quick ? 3 : 10 });
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
