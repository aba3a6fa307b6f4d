/** The parts of a process that collects, computes features and trains, over one queue. */
import type { Collector, ReplayProgress, SourceKind } from '#collectors';
import type { FeatureSet } from '#features';
import { BASELINES, type ModelSpec } from '#models';
import { startFeatureWorker, startTrainingWorker, type TargetOptions, type TimeLimits } from '#processing';
import { asForetickError, fail, topicLayout, type ForetickError, type TopicLayout, type TopicSpec } from '#proto';
import type { Membership, Queue } from '#queue';
import type { Logger } from 'pino';

import { partitionsOf, type Config } from '../config/schema.ts';
import { sourceKinds } from '../config/source-files.ts';
import { ensureAlias } from './aliases.ts';
import { collectorComponent } from './collectors.ts';
import { sourceEnvironment } from './environment.ts';
import type { Component } from './lifecycle.ts';
import type { RuntimeMetrics } from './metrics.ts';
import { postSentiment } from './posts.ts';
import { openQueue } from './queue.ts';

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
  /** Opens the queue. @default the configured one */
  readonly openQueue?: (config: Config) => Promise<Queue>;
  /** Models that are trained here. @default all */
  readonly models?: readonly string[];
  /** Whether a missing alias is set, which writes. @default true */
  readonly ensureAlias?: boolean;
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

export function timeLimits({ features }: Config): TimeLimits {
  return { maxLatenessUs: features.max_lateness, maxFutureUs: features.max_future };
}

export function layoutOf(config: Config): TopicLayout {
  const { prefix, shards } = config.topics;
  return topicLayout({ prefix, inputs: partitionsOf(config), shards });
}

/** Topics as configured; `layout` for those of another prefix. */
export function specsOf(config: Config, layout = layoutOf(config)): TopicSpec[] {
  const { retention, retention_bytes: retentionBytes } = config.topics;
  const { driver, kafka } = config.queue;
  const replicated = driver === 'kafka' && kafka.replication_factor !== -1;
  return layout.specs({ retentionMs: retention / 1000, retentionBytes, ...(replicated && { replicationFactor: kafka.replication_factor }) });
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
  components(): { queue: Component; features: Component[]; training: Component[]; collectors: Component[] } {
    const { config, feed, models } = this.#options;
    this.#feed = feed?.(this);
    return {
      queue: this.#queueComponent(),
      features: [this.#featureWorker()],
      training: modelSpecs(config).filter(({ name }) => models?.includes(name) ?? true).map((spec) => this.#trainingWorker(spec)),
      collectors: this.#feed ? [this.#feed] : this.#collectors(),
    };
  }

  #queueComponent(): Component {
    const { config, logger, keepAll = false, ensureAlias: setsAlias = true } = this.#options;
    const { create } = config.topics;
    const open = this.#options.openQueue ?? (({ queue }) => openQueue({ queue, logger, events: this.#options.metrics.kafka }));
    return {
      name: 'queue',
      start: async () => {
        this.#queue = await open(config);
        const specs = keepAll ? this.layout.specs() : specsOf(config);
        if (!create) await assertTopics(this.#queue, specs);
        await this.#queue.ensureTopics(specs);
        if (!setsAlias) return;
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
        ...timeLimits(config),
        commitIntervalMs: config.features.commit_interval / 1000,
        maxLetterBytes: letterBytes(config),
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
        commitIntervalMs: config.training.commit_interval / 1000,
        maxLetterBytes: letterBytes(config),
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
    let kinds: readonly SourceKind[] = [];
    const shared: Component = {
      name: 'kinds and network of the sources',
      start: async () => {
        kinds = await sourceKinds(config);
      },
      stop: () => environment.close(),
    };
    const sources = config.sources.map((source) =>
      collectorComponent({
        source,
        config,
        kinds: () => kinds,
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

/** A dead letter is a record of its own: it must fit with its headers. */
function letterBytes({ queue }: Config): number {
  return Math.floor((queue.driver === 'kafka' ? queue.kafka.max_record_bytes : queue.max_record_bytes) / 2);
}

async function assertTopics(queue: Queue, specs: readonly TopicSpec[]): Promise<void> {
  const existing = new Set((await queue.topics()).map(({ name }) => name));
  const missing = specs.filter(({ name }) => !existing.has(name));
  if (missing.length > 0) throw fail('UNKNOWN_TOPIC', `topics.create is false, and there is no ${missing.map(({ name }) => name).join(', ')}: foretick topics apply creates them`);
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
