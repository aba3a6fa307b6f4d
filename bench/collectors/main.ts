/**
 * `npm run bench:collectors [-- --quick] [--only KIND]...`: every live source beside the bare decoder of its frames; medians of interleaved
 * repetitions. See docs/benchmarks.md.
 */
import { fork, type ChildProcess } from 'node:child_process';
import { join } from 'node:path';
import { parseArgs } from 'node:util';

import { machine, machineLine } from '../machine.ts';
import { printSection, type Row } from '../report.ts';
import { median } from '../stats.ts';
import type { ChildCase, Measure } from './child.ts';
import type { Allocated, Latency, Memory, Speed } from './measures.ts';
import { BENCHES, kindOf, type CollectorBench } from './sources.ts';
import { recordedTape } from './tape.ts';

/** Times the bare decoder. */
const AIM = 2.5;
/** Repetitions that are not counted: the compilers settle within some 200,000 frames. */
const WARM_UP = 4;
/** Young generation, MiB: all that a tape allocates. */
const YOUNG = 384;

const { values } = parseArgs({ options: { quick: { type: 'boolean', default: false }, only: { type: 'string', multiple: true, default: [] }, repetitions: { type: 'string', default: '5' } } });
const unknown = values.only.find((kind) => !BENCHES.some((bench) => kindOf(bench) === kind));
if (unknown !== undefined) throw new Error(`no source is of kind ${unknown}; there are: ${[...new Set(BENCHES.map(kindOf))].join(', ')}`);
const { quick } = values;
const repetitions = quick ? 1 : Number(values.repetitions);
const size = { items: quick ? 3000 : 20_000, frames: quick ? 3000 : 60_000, rate: 1000, seconds: quick ? 1 : 3, instruments: quick ? 5000 : 100_000 };

interface Tried {
  readonly bench: CollectorBench;
  readonly label: string;
  readonly of: ChildCase;
  readonly speeds: Speed[];
  allocated: Allocated | null;
  latency: Latency | null;
  memory: Memory | null;
}

class Child {
  readonly #process: ChildProcess;

  constructor(of: ChildCase, execArgv: readonly string[] = []) {
    this.#process = fork(join(import.meta.dirname, 'child.js'), [JSON.stringify(of)], { execArgv: ['--expose-gc', ...execArgv] });
  }

  ask<T>(measure: Measure): Promise<T> {
    return new Promise((resolve, reject) => {
      const onExit = (code: number | null): void => { reject(new Error(`the process of ${measure} ended with ${String(code)}`)); };
      this.#process.once('exit', onExit);
      this.#process.once('message', ({ result, error }: { result?: unknown; error?: string }) => {
        this.#process.off('exit', onExit);
        if (error === undefined) resolve(result as T);
        else reject(new Error(error));
      });
      this.#process.send(measure);
    });
  }

  end(): void {
    this.#process.removeAllListeners('exit');
    this.#process.kill();
  }
}

const write = (text: string): void => { process.stdout.write(text); };
write(`${machineLine(machine())}\n`);
write(quick ? 'quick: shows that everything runs; the figures mean little\n' : `medians of ${repetitions} repetitions, each beside the bare decoder\n`);

const tried = BENCHES.filter((bench) => values.only.length === 0 || values.only.includes(kindOf(bench))).flatMap((bench): Tried[] =>
  [false, true].flatMap((recorded) => {
    if (recorded && recordedTape(bench) === null) return [];
    const label = recorded ? `${bench.recording!.settings['url'] === undefined ? bench.name : 'websocket, Gemini'}: recorded` : bench.name;
    return [{ bench, label, of: { name: bench.name, recorded, ...size }, speeds: [], allocated: null, latency: null, memory: null }];
  }),
);
// One after another: both sides of a comparison take turns within a process, and a source's compiler has seen no other source.
for (const one of tried) {
  const begun = performance.now();
  await withChild(new Child(one.of), async (child) => {
    // What runs for days is measured, not the compilers.
    for (let i = 0; i < (quick ? 1 : WARM_UP); i++) await child.ask<Speed>('speed');
    for (let i = 0; i < repetitions; i++) one.speeds.push(await child.ask<Speed>('speed'));
    if (!one.of.recorded) one.latency = await child.ask<Latency | null>('latency');
  });
  const young = [`--min-semi-space-size=${YOUNG}`, `--max-semi-space-size=${YOUNG}`];
  one.allocated = await withChild(new Child(one.of, young), (child) => child.ask<Allocated>('allocated'));
  if (!one.of.recorded) one.memory = await withChild(new Child({ ...one.of, items: 1000 }), (child) => child.ask<Memory>('memory'));
  process.stderr.write(`${one.label}: ${((performance.now() - begun) / 1000).toFixed(0)} s\n`);
}

async function withChild<T>(child: Child, work: (child: Child) => Promise<T>): Promise<T> {
  try {
    return await work(child);
  } finally {
    child.end();
  }
}

function cpuRow({ label, speeds }: Tried): Row {
  const ratio = median(speeds.map(({ ours }) => ours)) / median(speeds.map(({ bare }) => bare));
  return {
    name: label,
    unit: 'µs',
    values: speeds.map(({ ours }) => ours),
    perSecond: speeds.map(({ ours }) => 1e6 / ours),
    ratio: `${ratio.toFixed(2)} × ${median(speeds.map(({ bare }) => bare)).toFixed(2)} µs`,
    aim: { limit: AIM, is: 'at most', value: ratio },
  };
}

const of = (measure: (one: Tried) => Row[]): Row[] => tried.flatMap(measure);
printSection({ name: 'cpu', title: 'CPU a frame (of sources that ask: an answer), from receipt to the batch that is sent, beside the bare decoder; frames a second of a core', rows: of((one) => [cpuRow(one)]) }, !quick, write);
printSection(
  {
    name: 'allocated',
    title: 'Bytes allocated a frame, beside the bare decoder',
    rows: of(({ label, allocated }) => (allocated ? [{ name: label, unit: 'B', values: [allocated.ours], ratio: `${(allocated.ours / allocated.bare).toFixed(2)} × ${allocated.bare.toFixed(0)} B`, aim: { limit: AIM, is: 'at most', value: allocated.ours / allocated.bare } }] : [])),
  },
  !quick,
  write,
);
printSection(
  {
    name: 'latency',
    title: `Receipt to durable, ${size.rate} frames a second, through the supervisor into the embedded queue (synced to disk)`,
    rows: of(({ label, latency }) => (latency ? [{ name: `${label}: p50`, unit: 'ms', values: [latency.p50] }, { name: `${label}: p99`, unit: 'ms', values: [latency.p99] }] : [])),
  },
  !quick,
  write,
);
printSection(
  {
    name: 'memory',
    title: `Memory of ${size.instruments} subscribed instruments: bytes an instrument, heap and buffers, without sockets`,
    rows: of(({ label, memory }) =>
      memory
        ? [
            { name: `${label}: subscribed, ${memory.connections} connections`, unit: 'B', values: [memory.subscribed] },
            ...(memory.heard === null ? [] : [{ name: `${label}: and a frame heard about each`, unit: 'B', values: [memory.heard] }]),
          ]
        : [],
    ),
  },
  !quick,
  write,
);
write(`\n${machineLine(machine())}\n`);
