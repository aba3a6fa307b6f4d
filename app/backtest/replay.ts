/** A replay: the pipeline once more over the recorded history of another data directory, or of brokers. That is only read. */
import { realpath } from 'node:fs/promises';

import { asForetickError, fail, type ForetickError } from '#proto';
import { openEmbeddedReader, type QueueReader } from '#queue/embedded';

import { featureSetOf } from '../runtime/features.ts';
import { layoutOf, type Feed, type Pipeline } from '../runtime/pipeline.ts';
import { claimDirectory, configurationDigest, digestOf } from './claim.ts';
import { copyMergedHistory } from './merged-history.ts';
import { copyHistory, readReplayed, type Replayed, type Span } from './history.ts';
import type { Breakdown } from '../report/breakdown.ts';
import type { RunResults } from './results.ts';
import { runPipeline, type BacktestOptions } from './run.ts';

export interface ReplayRun extends Omit<BacktestOptions, 'onProgress'> {
  /** Whose history is replayed; `config.queue.directory` holds the run. */
  readonly from: HistoryPlace;
  readonly span: Span;
}

/** A data directory, or what opens a queue elsewhere; `name` tells one history from another. */
export type HistoryPlace = { readonly directory: string } | { readonly name: string; readonly open: () => Promise<QueueReader> };

export type ReplayResult =
  | { readonly finished: true; readonly results: RunResults; readonly breakdown: Breakdown | undefined; readonly replayed: Replayed }
  | { readonly finished: false };

/** @throws FILE_UNREADABLE, UNKNOWN_TOPIC, CONFIG_INVALID, RUN_MISMATCH, and whatever stops a part of the pipeline */
export async function runReplay(options: ReplayRun): Promise<ReplayResult> {
  const { from, span } = options;
  let { config } = options;
  const { source, open } = 'name' in from ? { source: from.name, open: from.open } : await directoryPlace(from.directory, config.queue.directory);
  const features = await featureSetOf(config);
  const reader = await open();
  let replayed: Replayed = { records: 0, fromUs: 0, toUs: 0 };
  try {
    const partitions = (await reader.offsets(layoutOf(config).name('quotes'))).length;
    // One sequence a shard, whatever it was recorded in: then results do not depend on who was quicker.
    config = { ...config, topics: { ...config.topics, partitions: config.topics.shards } };
    await claimDirectory(config.queue.directory, { recording: digestOf({ source, ...span }), configuration: configurationDigest(config, features, {}) });
    const failed = new AbortController();
    let failure: ForetickError | undefined;
    const onFailure = (error: ForetickError): void => {
      failure ??= error;
      failed.abort();
    };
    const copy = async (pipeline: Pipeline, signal: AbortSignal): Promise<void> => {
      const { queue, layout } = pipeline;
      const history = { from: reader, into: queue, layout, span, signal };
      await (partitions === layout.inputs ? copyHistory(history) : copyMergedHistory({ ...history, maxLatenessUs: config.features.max_lateness }));
      replayed = await readReplayed(queue, layout);
    };
    const signal = AbortSignal.any([options.signal, failed.signal]);
    const result = await runPipeline({ ...options, features, config: { ...config, sources: [] }, signal, feed: (pipeline) => feedOf((stop) => copy(pipeline, stop), onFailure) });
    if (failure) throw failure;
    return result.finished ? { ...result, replayed } : result;
  } finally {
    await reader.close();
  }
}

async function directoryPlace(directory: string, into: string): Promise<{ source: string; open: () => Promise<QueueReader> }> {
  const source = await realpath(directory).catch((cause: unknown) => {
    throw fail('FILE_UNREADABLE', `There is no queue in ${directory}.`, { cause });
  });
  const target = await realpath(into).catch(() => null); // Not there yet: it is another one.
  if (source === target) throw fail('CONFIG_INVALID', `a replay needs a directory of its own, not ${directory}: give another with --into`);
  return { source, open: () => openEmbeddedReader(source) };
}

function feedOf(copy: (signal: AbortSignal) => Promise<void>, onFailure: (error: ForetickError) => void): Feed {
  const stopping = new AbortController();
  let finish: () => void = () => undefined;
  let running: Promise<void> = Promise.resolve();
  const done = new Promise<void>((resolve) => {
    finish = resolve;
  });
  return {
    name: 'history',
    done,
    start: () => {
      running = copy(stopping.signal)
        .catch((error: unknown) => {
          onFailure(asForetickError(error));
        })
        .finally(finish);
      return Promise.resolve();
    },
    stop: async () => {
      stopping.abort();
      await running;
    },
  };
}
