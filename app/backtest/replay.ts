/** A replay: the pipeline once more over the recorded history of another data directory. That one is only read. */
import { realpath } from 'node:fs/promises';

import { asForetickError, fail, type ForetickError } from '#proto';
import { openEmbeddedReader } from '#queue/embedded';

import { featureSetOf } from '../runtime/features.ts';
import type { Feed, Pipeline } from '../runtime/pipeline.ts';
import { claimDirectory, configurationDigest, digestOf } from './claim.ts';
import { copyHistory, readReplayed, type Replayed, type Span } from './history.ts';
import type { Breakdown } from '../report/breakdown.ts';
import type { RunResults } from './results.ts';
import { runPipeline, type BacktestOptions } from './run.ts';

export interface ReplayRun extends Omit<BacktestOptions, 'onProgress'> {
  /** Data directory whose history is replayed; `config.queue.directory` holds the run. */
  readonly from: string;
  readonly span: Span;
}

export type ReplayResult =
  | { readonly finished: true; readonly results: RunResults; readonly breakdown: Breakdown | undefined; readonly replayed: Replayed }
  | { readonly finished: false };

/** @throws FILE_UNREADABLE, TOPIC_MISMATCH, CONFIG_INVALID, RUN_MISMATCH, and whatever stops a part of the pipeline */
export async function runReplay(options: ReplayRun): Promise<ReplayResult> {
  const { config, from, span } = options;
  const source = await realpath(from).catch((cause: unknown) => {
    throw fail('FILE_UNREADABLE', `There is no queue in ${from}.`, { cause });
  });
  const into = await realpath(config.queue.directory).catch(() => null); // Not there yet: it is another one.
  if (source === into) throw fail('CONFIG_INVALID', `a replay needs a directory of its own, not ${from}: give another with --into`);
  const features = await featureSetOf(config);
  const reader = await openEmbeddedReader(source);
  let replayed: Replayed = { records: 0, fromUs: 0, toUs: 0 };
  try {
    await claimDirectory(config.queue.directory, { recording: digestOf({ source, ...span }), configuration: configurationDigest(config, features, {}) });
    const failed = new AbortController();
    let failure: ForetickError | undefined;
    const onFailure = (error: ForetickError): void => {
      failure ??= error;
      failed.abort();
    };
    const copy = async (pipeline: Pipeline, signal: AbortSignal): Promise<void> => {
      const { queue, layout } = pipeline;
      await copyHistory({ from: reader, into: queue, layout, span, signal });
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
