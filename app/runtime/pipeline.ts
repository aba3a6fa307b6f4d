/** The parts of a process that collects, computes features and trains, over one queue. */
import type { Collector, ReplayProgress } from '#collectors';
import type { FeatureSet } from '#features';
import { BASELINES, type ModelSpec } from '#models';
import { startFeatureWorker, startTrainingWorker, type TargetOptions } from '#processing';
import { asForetickError, topicLayout, type ForetickError, type TopicLayout } from '#proto';
import type { Membership, Queue } from '#queue';
import { openEmbeddedQueue } from '#queue/embedded';
import type { Logger } from 'pino';

import type { Config } from '../config/schema.ts';
import { ensureAlias } from './aliases.ts';
import { collectorComponent } from './collectors.ts';
import { sourceEnvironment } from './environment.ts';
import type { Component } from './lifecycle.ts';
import type { RuntimeMetrics } from './metrics.ts';
import { postSentiment } from './posts.ts';

/** Brings input, and says when it has brought all. */
export interface Feed extends Component {
  /** Resolves when all is brought, it was stopped or it failed. Never rejects. */
  readonly done: Promise<void>;
}

export interface PipelineOptions {
  readonly config: Config;
  /** Of `config`: see `featureSetOf`. */
  readonly features: FeatureSet;
  readonly logger: Logger;
  readonly metrics: RuntimeMetrics;
  /** A part failed for good: the process should end. */
  readonly onFailure: (error: ForetickError) => void;
  readonly onProgress?: (source: string, progress: ReplayProgress) => void;
  /** Keep every record, for a run whose results are read in the end. @default false */
  readonly keepAll?: boolean;
  /** What brings ticks and posts in place of the configured sources. @default nothing */
  readonly feed?: (pipeline: Pipeline) => Feed;
  /** Opens the queue. @default the embedded one, in the configured directory */
  readonly openQueue?: (config: Config) => Promise<Queue>;
}

/** All models that run: the configured ones, then the baselines. */
export function modelSpecs(config: Config): ModelSpec[] {
  return [
    ...config.models.map(({ name, kind, batch, optimizer, learning_rate, decay_steps, l2, l1, hidden, seed, backend }) => ({
      name,
      kind,
      batch,
      decaySteps: decay_steps,
      l2,
      // Written out, so that a snapshot says it.
      learningRate: learning_rate ?? (kind === 'mlp' ? 0.001 : 0.0003),
      ...(optimizer !== undefined && { optimizer }),
      ...(l1 > 0 && { l1 }),
      ...(hidden && { hidden }),
      ...(seed !== undefined && { seed }),
      ...(backend !== 'own' && { backend }),
    })),
    ...BASELINES,
  ];
}

export function targetOf(config: Config): TargetOptions {
  const { horizon, dead_band_bps, classes, label_tolerance } = config.target;
  return { horizonUs: horizon, deadBandBps: dead_band_bps, classes, toleranceUs: label_tolerance };
}

export function layoutOf(config: Config): TopicLayout {
  const { prefix, partitions, shards } = config.topics;
  return topicLayout({ prefix, inputs: partitions, shards });
}

export class Pipeline {
  readonly layout: TopicLayout;
  readonly #options: PipelineOptions;
  #queue: Queue | undefined;
  readonly collectors: Collector[] = [];
  #feed: Feed | undefined;

  constructor(options: PipelineOptions) {
    this.#options = options;
    this.layout = layoutOf(options.config);
  }

  get config(): Config {
    return this.#options.config;
  }

  get features(): FeatureSet {
    return this.#options.features;
  }

  get queue(): Queue {
    if (!this.#queue) throw new Error('the queue is not open yet');
    return this.#queue;
  }

  /** Resolves when everything that brings input has ended. Call it when all have started. */
  async fed(): Promise<void> {
    await Promise.all([this.#feed?.done, ...this.collectors.map(({ done }) => done)]);
  }

  /** In the order in which they start. */
  components(): { queue: Component; workers: Component[]; collectors: Component[] } {
    const { config, feed } = this.#options;
    this.#feed = feed?.(this);
    return {
      queue: this.#queueComponent(),
      workers: [this.#featureWorker(), ...modelSpecs(config).map((spec) => this.#trainingWorker(spec))],
      collectors: this.#feed ? [this.#feed] : this.#collectors(),
    };
  }

  #queueComponent(): Component {
    const { config, openQueue, logger, keepAll = false } = this.#options;
    const { retention, retention_bytes } = config.topics;
    return {
      name: 'queue',
      start: async () => {
        this.#queue = openQueue ? await openQueue(config) : await openEmbedded(config, logger);
        await this.#queue.ensureTopics(this.layout.specs(keepAll ? {} : { retentionMs: retention / 1000, retentionBytes: retention_bytes }));
        const { champion } = config.training;
        const others = config.models.map(({ name }) => name).filter((name) => name !== champion);
        await ensureAlias(this.#queue, this.layout, 'champion', champion, others);
      },
      stop: async () => {
        await this.#queue?.close();
      },
    };
  }

  #featureWorker(): Component {
    const { config, features, metrics } = this.#options;
    return member('feature worker', () =>
      startFeatureWorker({
        queue: this.queue,
        layout: this.layout,
        set: features,
        sentimentOf: postSentiment(),
        batchRows: config.features.batch_rows,
        checkpointRows: config.features.checkpoint_rows,
        checkpointIntervalMs: config.features.checkpoint_interval / 1000,
        maxLatenessUs: config.features.max_lateness,
        maxFutureUs: config.features.max_future,
        observer: (partition) => metrics.worker('features', features.id, partition),
        ...this.#events('features'),
      }),
    );
  }

  #trainingWorker(spec: ModelSpec): Component {
    const { config, features, metrics } = this.#options;
    return member(`training worker ${spec.name}`, () =>
      startTrainingWorker({
        queue: this.queue,
        layout: this.layout,
        spec,
        featureSet: features.id,
        featureNames: features.names,
        target: targetOf(config),
        evaluateEvery: config.training.evaluate_every,
        checkpointRows: config.training.checkpoint_rows,
        checkpointIntervalMs: config.training.checkpoint_interval / 1000,
        format: config.training.format,
        observer: (shard) => metrics.worker('training', spec.name, shard),
        ...this.#events(`training ${spec.name}`),
      }),
    );
  }

  /** One component a source, and what they share: closed when all have stopped. */
  #collectors(): Component[] {
    const { config, metrics, logger, onFailure, onProgress } = this.#options;
    if (config.sources.length === 0) return [];
    const environment = sourceEnvironment({ config });
    const shared: Component = { name: 'network of the sources', start: () => Promise.resolve(), stop: () => environment.close() };
    const sources = config.sources.map((source) =>
      collectorComponent({
        source,
        config,
        environment,
        pipeline: this,
        metrics,
        logger,
        onFailure,
        onProgress: (progress) => onProgress?.(source.name, progress),
      }),
    );
    return [shared, ...sources];
  }

  #events(role: string): { onFailure: (error: unknown) => void; onRetry: (error: unknown, partition: number, delayMs: number) => void } {
    const { logger, metrics, onFailure } = this.#options;
    return {
      onFailure: (error) => {
        metrics.taskFailed(role);
        onFailure(asForetickError(error));
      },
      onRetry: (error, partition, delayMs) => {
        metrics.taskRetried(role);
        const { code, message } = asForetickError(error);
        logger.warn({ role, partition, code, delayMs }, message);
      },
    };
  }
}

function openEmbedded({ queue }: Config, logger: Logger): Promise<Queue> {
  return openEmbeddedQueue({
    directory: queue.directory,
    maxRecordBytes: queue.max_record_bytes,
    onCleanUpError: (error) => {
      const { code, message } = asForetickError(error);
      logger.error({ code }, `clean-up: ${message}`);
    },
  });
}

function member(name: string, join: () => Promise<Membership>): Component {
  let membership: Membership | undefined;
  return {
    name,
    start: async () => {
      membership = await join();
    },
    stop: async () => {
      await membership?.leave();
    },
  };
}
