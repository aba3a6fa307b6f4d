/** Each part of the report: which cases it runs, in turn, and the rows it makes of them. */
import { existsSync } from 'node:fs';

import type { LogRun } from './log.ts';
import type { MemoryUse } from './memory.ts';
import { modelsSection } from './models-section.ts';
import type { BenchOptions, SectionName } from './options.ts';
import { CLI } from './paths.ts';
import type { PostsRun } from './posts.ts';
import { startCase } from './process.ts';
import type { Row, Section } from './report.ts';
import { startToPrediction, type StartRun } from './start.ts';
import { median } from './stats.ts';
import { throughputSection } from './throughput.ts';

export function runSection(name: SectionName, options: BenchOptions): Promise<Section> {
  switch (name) {
    case 'w1':
    case 'default':
      return throughputSection(name, options);
    case 'memory':
      return memorySection(options);
    case 'log':
      return logSection(options);
    case 'start':
      return startSection(options);
    case 'models':
      return modelsSection(options);
    case 'posts':
      return postsSection(options);
  }
}

async function memorySection({ instruments, repetitions }: BenchOptions): Promise<Section> {
  const runs: MemoryUse[] = [];
  for (let i = 0; i < Math.min(3, repetitions); i++) {
    // A fresh process each time: what a heap once held it does not always give back.
    const child = startCase<MemoryUse>({ kind: 'memory', instruments });
    runs.push(await child.run());
    child.close();
  }
  const row = (label: string, pick: (run: MemoryUse) => number): Row => ({ name: label, unit: 'B', values: runs.map(pick) });
  return {
    name: 'memory',
    title: `Memory of an instrument, default feature set, ${instruments} instruments`,
    rows: [
      { ...row('state row', ({ state }) => state), aim: { limit: 450, is: 'at most' } },
      { ...row('heap and array buffers', ({ heapAndBuffers }) => heapAndBuffers), note: 'with names, the map from name to id, and change flags' },
      row('resident set', ({ resident }) => resident),
    ],
  };
}

async function logSection({ commits, repetitions, quick }: BenchOptions): Promise<Section> {
  const rows: Row[] = [];
  for (const batch of [100, 1000]) {
    const latencies = batch === 100 ? (quick ? 50 : 1000) : 0;
    const child = startCase<LogRun>({ kind: 'log', size: { batch, commits, latencies } });
    const runs: LogRun[] = [];
    await child.run(); // Unmeasured: compiles.
    for (let i = 0; i < repetitions; i++) runs.push(await child.run());
    child.close();
    rows.push(...logRows(batch, runs));
  }
  return { name: 'log', title: 'Embedded queue beside bare lmdb: 200-byte records, fsync at each commit', rows };
}

function logRows(batch: number, runs: readonly LogRun[]): Row[] {
  const ratios = (pick: (side: LogRun['queue']) => number): number => median(runs.map(({ queue, lmdb }) => pick(queue) / pick(lmdb)));
  const rate = (side: 'queue' | 'lmdb', what: 'append' | 'follow'): Row => ({
    name: `${what}, ${batch} a batch: ${side === 'queue' ? 'queue' : 'bare lmdb'}`,
    unit: 'records/s',
    values: runs.map((run) => run[side][what]),
  });
  const commit = (side: 'queue' | 'lmdb'): string => {
    const [p50, p99] = [median(runs.map((run) => run[side].commitP50)), median(runs.map((run) => run[side].commitP99))];
    return `commit p50 ${p50.toFixed(2)} ms, p99 ${p99.toFixed(2)} ms`;
  };
  const append = ratios(({ append: value }) => value);
  const latencies = runs.flatMap(({ latency }) => (latency ? [latency] : []));
  return [
    { ...rate('queue', 'append'), ratio: `${append.toFixed(2)} × lmdb`, aim: { limit: 0.7, is: 'at least', value: append }, note: commit('queue') },
    { ...rate('lmdb', 'append'), note: commit('lmdb') },
    { ...rate('queue', 'follow'), ratio: `${ratios(({ follow }) => follow).toFixed(2)} × lmdb` },
    rate('lmdb', 'follow'),
    ...(latencies.length === 0
      ? []
      : [
          { name: 'produce to read, p50', unit: 'ms', values: latencies.map(({ p50 }) => p50) },
          { name: 'produce to read, p99', unit: 'ms', values: latencies.map(({ p99 }) => p99) },
        ]),
  ];
}

async function postsSection({ posts, repetitions }: BenchOptions): Promise<Section> {
  const child = startCase<PostsRun>({ kind: 'posts', most: posts });
  await child.run(); // Unmeasured: compiles.
  const runs: PostsRun[] = [];
  for (let i = 0; i < repetitions; i++) runs.push(await child.run());
  child.close();
  const perCore = runs.map((run) => run.posts / run.cpu);
  return {
    name: 'posts',
    title: `Which instruments a post names, and its sentiment: ${runs[0]!.source}`,
    rows: [{ name: 'resolve and sentiment', unit: 'posts/CPU s', values: perCore, perSecond: runs.map((run) => run.posts / run.wall), aim: { limit: 100_000, is: 'at least' } }],
  };
}

async function startSection({ repetitions, quick }: BenchOptions): Promise<Section> {
  const title = 'Start of `foretick up` on a fresh directory, the shipped recording at its own pace';
  if (!existsSync(CLI)) return { name: 'start', title, rows: [], skipped: `${CLI} is not built` };
  const runs: StartRun[] = [];
  for (let i = 0; i < repetitions; i++) runs.push(await startToPrediction(!quick));
  const rows = (label: string, moments: readonly StartRun['first'][], aim?: Row['aim']): Row[] => [
    { name: `${label}: CPU`, unit: 's', values: moments.map(({ cpu }) => cpu), ...(aim && { aim }) },
    { name: `${label}: wall`, unit: 's', values: moments.map(({ wall }) => wall) },
  ];
  const scored = runs.flatMap((run) => (run.scored ? [run.scored] : []));
  return {
    name: 'start',
    title,
    rows: [
      ...rows('says that it runs', runs.map(({ ready }) => ready)),
      ...rows('first prediction served', runs.map(({ first }) => first), { limit: 2, is: 'at most' }),
      ...(scored.length === 0 ? [] : rows('first with probabilities', scored)),
    ],
  };
}
