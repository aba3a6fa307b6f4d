/**
 * A long replay that watches its own memory: `node --expose-gc replay-child.js <JSON of ReplayOptions>`. Prints one JSON
 * line a sample while the pipeline works, and ends when it is done: the report that a backtest makes then is not part of it.
 *
 * `live`: bytes of the JavaScript heap and of buffers outside it that are reachable, right after a collection.
 * `anonymous`: resident memory but for mapped files, since the queue's file is mapped and its pages belong to
 * the page cache.
 */
import { readFileSync, writeSync } from 'node:fs';
import { pino } from 'pino';

import { runBacktest } from '#app';
import type { Queue } from '#queue';
import { openEmbeddedQueue } from '#queue/embedded';

import { backtestConfig } from '../support/backtest.ts';

export interface ReplayOptions {
  readonly file: string;
  readonly directory: string;
  readonly laps: number;
  /** Of the file. */
  readonly rows: number;
}

export interface Sample {
  /** Records of features that the slowest trainer has worked through, and that there are. */
  readonly trained: number;
  readonly written: number;
  readonly live: number;
  readonly anonymous: number;
  readonly seconds: number;
}

const SAMPLE_MS = 1_000;
const FEATURES = 'foretick.features.v1';
const GROUPS = ['softmax', 'prior', 'persistence'].map((model) => `foretick.training.${model}`);

function anonymousBytes(): number {
  const [, kilobytes] = /^RssAnon:\s+(\d+) kB/m.exec(readFileSync('/proc/self/status', 'utf8')) ?? [];
  return Number(kilobytes) * 1024;
}

async function sample(queue: Queue): Promise<void> {
  const positions = await Promise.all(GROUPS.map(async (group) => (await queue.committed(group, FEATURES)).get(0) ?? 0));
  const [extent] = await queue.offsets(FEATURES);
  globalThis.gc?.();
  const { heapUsed, external } = process.memoryUsage();
  const taken: Sample = {
    trained: Math.min(...positions),
    written: extent?.end ?? 0,
    live: heapUsed + external,
    anonymous: anonymousBytes(),
    seconds: process.uptime(),
  };
  writeSync(1, `${JSON.stringify(taken)}\n`);
}

const { file, directory, laps, rows } = JSON.parse(process.argv[2] ?? '') as ReplayOptions;
const config = backtestConfig({ file, directory });
let finished = false;
let timer: NodeJS.Timeout | undefined;
let sampling: Promise<void> = Promise.resolve();
await runBacktest({
  config: { ...config, sources: config.sources.map((source) => ({ ...source, laps })) },
  logger: pino({ level: 'silent' }),
  signal: new AbortController().signal,
  onProgress: ({ lap, row }) => {
    finished ||= lap === laps && row === rows;
  },
  openQueue: async ({ queue: { directory: path } }) => {
    const queue = await openEmbeddedQueue({ directory: path });
    let before = -1;
    timer = setInterval(() => {
      sampling = sample(queue).then(async () => {
        // All read and all trained for two samples: the report is left out.
        const [extent] = await queue.offsets(FEATURES);
        const trained = (await queue.committed(GROUPS[0]!, FEATURES)).get(0) ?? 0;
        if (finished && trained === extent?.end && trained === before) process.exit(0);
        before = trained;
      });
    }, SAMPLE_MS);
    return queue;
  },
});
clearInterval(timer);
await sampling.catch(() => undefined);
