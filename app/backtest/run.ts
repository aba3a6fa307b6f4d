/**
 * A backtest: the pipeline of `up` on a recording, as fast as it goes, until everything is worked through.
 *
 * The data directory holds the run. The same command on the same directory goes on where it stopped, however it
 * was stopped; another recording or configuration is refused.
 */
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { pipeline as streamPipeline } from 'node:stream/promises';
import { setTimeout as sleep } from 'node:timers/promises';

import { Registry } from 'prom-client';
import type { Logger } from 'pino';

import type { ReplayProgress } from '#collectors';
import type { FeatureSet } from '#features';
import { BASELINES } from '#models';
import { groupNames } from '#processing';
import { fail, type ForetickError } from '#proto';
import type { Queue } from '#queue';

import type { Config } from '../config/schema.ts';
import { isReplay } from '../config/sources.ts';
import { featureSetOf } from '../runtime/features.ts';
import { Lifecycle } from '../runtime/lifecycle.ts';
import { runtimeMetrics } from '../runtime/metrics.ts';
import { Pipeline, modelSpecs, type Feed } from '../runtime/pipeline.ts';
import { progressWatch } from '../runtime/progress.ts';
import { resolveMapping } from '../runtime/sources.ts';
import { claimDirectory, configurationDigest } from './claim.ts';
import { replayedWatch, type ReplayedWatch } from './replayed.ts';
import { Breakdown } from '../report/breakdown.ts';
import { BLOCK_HORIZONS, readResults, type RunResults } from './results.ts';

export interface BacktestOptions {
  readonly config: Config;
  readonly logger: Logger;
  readonly signal: AbortSignal;
  readonly onProgress?: (progress: ReplayProgress) => void;
  readonly openQueue?: (config: Config) => Promise<Queue>;
  /** Sum results up by time, instrument and hour as well, for a report. @default false */
  readonly breakdown?: boolean;
}

export type BacktestResult = { readonly finished: true; readonly results: RunResults; readonly breakdown: Breakdown | undefined } | { readonly finished: false };

/** @throws RUN_MISMATCH, and whatever stops a part of the pipeline */
export async function runBacktest(options: BacktestOptions): Promise<BacktestResult> {
  const features = await featureSetOf(options.config);
  await claimBacktest(options.config, features);
  return runPipeline({ ...options, features });
}

export interface PipelineRun extends BacktestOptions {
  /** Of the configuration. */
  readonly features: FeatureSet;
  /** What is worked through, in place of the configured sources. */
  readonly feed?: (pipeline: Pipeline) => Feed;
}

/** The same for a directory that is claimed already. */
export async function runPipeline(options: PipelineRun): Promise<BacktestResult> {
  const { config, features, logger, signal, feed } = options;
  const failed = new AbortController();
  let failure: ForetickError | undefined;
  const watch = replayedWatch(runtimeMetrics(new Registry(), progressWatch(config.lifecycle.stalled_after / 1000)));
  const pipeline = new Pipeline({
    config,
    features,
    logger,
    metrics: watch.metrics,
    keepAll: true,
    ...(feed && { feed }),
    onFailure: (error) => {
      failure ??= error;
      failed.abort();
    },
    ...(options.openQueue && { openQueue: options.openQueue }),
    ...(options.onProgress && {
      onProgress: (_source: string, progress: ReplayProgress) => options.onProgress?.(progress),
    }),
  });
  const { queue, features: featureWorkers, training, collectors } = pipeline.components();
  const onStopError = (component: string, error: ForetickError): void => {
    logger.error({ component, code: error.code }, error.message);
  };
  // The last snapshots are results: they may take longer than a server's drain.
  const graceMs = Math.max(60_000, config.lifecycle.grace / 1000);
  const storage = new Lifecycle({ components: [queue], graceMs, onStopError });
  const work = new Lifecycle({ components: [...featureWorkers, ...training, ...collectors], graceMs, onStopError });
  const stop = AbortSignal.any([signal, failed.signal]);
  try {
    await storage.start();
    await work.start();
    const finished = await workedThrough(pipeline, watch, stop);
    await work.stop();
    if (failure) throw failure;
    if (!finished) return { finished: false };
    const breakdown = options.breakdown === true ? new Breakdown(BLOCK_HORIZONS * config.target.horizon) : undefined;
    const results = await readResults({
      queue: pipeline.queue,
      layout: pipeline.layout,
      horizonUs: config.target.horizon,
      classes: config.target.classes,
      baselines: BASELINES.map(({ name }) => name),
      models: modelSpecs(config).map(({ name }) => name),
      breakdown,
    });
    return { finished: true, results, breakdown };
  } finally {
    await work.stop();
    await storage.stop();
  }
}

/** Resolves true when sources are finished, workers have committed all of it and their state is as far, false on abort. */
async function workedThrough(pipeline: Pipeline, watch: ReplayedWatch, stop: AbortSignal): Promise<boolean> {
  const aborted = new Promise<void>((resolve) => {
    if (stop.aborted) resolve();
    stop.addEventListener('abort', () => { resolve(); }, { once: true });
  });
  await Promise.race([pipeline.fed(), aborted]);
  const { queue, layout } = pipeline;
  const inputs = [layout.name('quotes'), layout.name('posts')];
  while (!stop.aborted) {
    if (await caughtUp(queue, groupNames.features(layout), inputs)) break;
    await pause(stop);
  }
  const groups = modelSpecs(pipeline.config).map(({ name }) => groupNames.training(layout, name));
  for (const group of groups) {
    while (!stop.aborted && !(await caughtUp(queue, group, [layout.name('features')]))) await pause(stop);
  }
  while (!stop.aborted && !watch.replayed(groups.length * layout.shards)) await pause(stop);
  return !stop.aborted;
}

async function caughtUp(queue: Queue, group: string, topics: readonly string[]): Promise<boolean> {
  for (const topic of topics) {
    const committed = await queue.committed(group, topic);
    for (const { partition, end } of await queue.offsets(topic)) {
      if (end > 0 && (committed.get(partition) ?? 0) < end) return false;
    }
  }
  return true;
}

async function pause(stop: AbortSignal): Promise<void> {
  await sleep(20, undefined, { signal: stop }).catch(() => undefined); // On abort the caller looks at the signal.
}

async function claimBacktest(config: Config, features: FeatureSet): Promise<void> {
  const source = config.sources.find(isReplay);
  if (!source) throw fail('CONFIG_INVALID', 'a backtest is of a recording: sources has none');
  const posts = source.posts && { recording: await fileDigest(source.posts.file), mapping: await resolveMapping(source.posts, config) };
  const table = config.posts.instruments === undefined ? undefined : await fileDigest(config.posts.instruments);
  const more = { laps: source.laps, madeUp: source.made_up_posts, posts, table, mapping: await resolveMapping(source, config) };
  await claimDirectory(config.queue.directory, { recording: await fileDigest(source.file), configuration: configurationDigest(config, features, more) });
}

async function fileDigest(file: string): Promise<string> {
  const hash = createHash('sha256');
  try {
    await streamPipeline(createReadStream(file), hash);
  } catch (cause) {
    throw fail('FILE_UNREADABLE', `${file} cannot be read`, { cause });
  }
  return hash.digest('hex');
}
