/** The configuration: one schema gives types, defaults, messages and the JSON Schema. */
import { z } from 'zod';

import type { SourceKind } from '#collectors';
import { defaultFeatures, shippedSets } from '#features';
import { MODEL_BACKENDS, MODEL_KINDS, OPTIMIZERS } from '#models';

import { mappingSchema } from './mappings.ts';
import { name } from './names.ts';
import { queueSchema } from './queue.ts';
import { isReplay, sourceSchemaWith } from './sources.ts';
import { duration, size } from './units.ts';

const port = () => z.int().min(0).max(65_535);

const topicsSchema = z
  .strictObject({
    prefix: name('a prefix').default('foretick').describe('First part of every topic name'),
    partitions: z.int().min(1).max(1024).optional().describe('Partitions of quotes and posts (default: 1 on the embedded queue, 24 on Kafka)'),
    shards: z.int().min(1).max(1024).default(1).describe('Learning shards: partition p feeds shard p mod shards'),
    create: z.boolean().default(true).describe('Create topics that are missing; false: refuse to start without them'),
    retention: duration().default(7 * 86_400e6).describe('How long records are kept; backtests keep everything'),
    retention_bytes: size().default(512 * 1024 * 1024).describe('Bytes kept of each partition, whatever their age; backtests keep everything'),
  })
  .prefault({});

const collectorsSchema = z
  .strictObject({
    replicas: z.int().min(1).default(1).describe('Processes that collect from the same vendors: each keeps to its part of their caps'),
    ca_file: z.string().min(1).optional().describe('Certificates trusted besides the system\'s, PEM'),
    max_frame_bytes: size().default(16 * 1024 * 1024).describe('Largest message accepted from a vendor'),
  })
  .prefault({});

const postsSchema = z
  .strictObject({
    instruments: z.string().min(1).optional().describe('Table of which words name which instruments; left out: posts are about what their source says'),
  })
  .prefault({});

const featuresSchema = z
  .strictObject({
    set: z.enum([...shippedSets.keys()]).default(defaultFeatures.id).describe('Feature set'),
    file: z.string().min(1).optional().describe('JavaScript module of features of your own, put behind those of the set; it is run: use only one you trust'),
    batch_rows: z.int().min(1).max(65_536).default(1024).describe('Rows of one record of features, at most'),
    checkpoint_rows: z.int().min(1).default(20_000).describe('Rows between two checkpoints, at most'),
    checkpoint_interval: duration().default(10e6).describe('Time between two checkpoints, at most'),
    commit_interval: duration().default(0).describe('How long work may pile up before it is committed; 0: each batch is. Longer is cheaper and later'),
    max_lateness: duration().default(60e6).describe('A tick received later than this after it happened is a dead letter'),
    max_future: duration().default(1e6).describe('A tick that happened later than this after its receipt is a dead letter'),
  })
  .prefault({});

const targetSchema = z
  .strictObject({
    horizon: duration().default(5e6).describe('How far ahead the direction of the price is predicted, in event time'),
    dead_band_bps: z.number().min(0).default(0.5).describe('A move of at most this many basis points is flat'),
    classes: z.union([z.literal(2), z.literal(3)]).default(3).describe('3: down, flat, up; 2: not up, up'),
    label_tolerance: duration().default(10e6).describe('A label expires when prices are silent for longer than this around its due time'),
  })
  .prefault({});

const modelSchema = z.strictObject({
  name: name('a model name'),
  kind: z.enum(MODEL_KINDS),
  batch: z.int().min(1).max(65_536).default(32).describe('Labelled rows of one learning step'),
  learning_rate: z.number().positive().optional().describe('Step size of the first step, for ftrl its alpha (default: 0.0003, mlp 0.001)'),
  decay_steps: z.number().min(0).default(0).describe('sgd: the rate falls as 1/sqrt(1 + step / decay_steps); 0: it does not'),
  optimizer: z.enum(OPTIMIZERS).optional().describe('How it learns (default: sgd, mlp adam)'),
  l2: z.number().min(0).default(1e-4),
  l1: z.number().min(0).default(0).describe('ftrl: sets weights to 0 that are worth less'),
  hidden: z.array(z.int().min(1).max(4096)).min(1).max(8).optional().describe('mlp: units of each hidden layer (default: 64, 32)'),
  seed: z.int().min(0).optional().describe('mlp: of its first weights (default: 1)'),
  backend: z.enum(MODEL_BACKENDS).default('own').describe('mlp: what takes its learning steps: kernels of our own, or TensorFlow.js (native: where its package is installed)'),
});

const trainingSchema = z
  .strictObject({
    evaluate_every: z.int().min(1).default(500).describe('Outcomes between two evaluations'),
    checkpoint_rows: z.int().min(1).default(20_000).describe('Rows between two snapshots of a model, at most'),
    checkpoint_interval: duration().default(5e6).describe('Time between two snapshots, at most: how old served weights may be'),
    commit_interval: duration().default(0).describe('How long work may pile up before it is committed; 0: each batch is. Longer is cheaper and later'),
    format: z.enum(['auto', 'json', 'arrow']).default('auto').describe('Records of predictions and outcomes; auto: Arrow from 16 rows on'),
    champion: z.string().default('softmax').describe('Model the alias champion begins with'),
  })
  .prefault({});

const servingSchema = z
  .strictObject({
    http: z
      .strictObject({
        host: z.string().default('127.0.0.1'),
        port: port().default(8080).describe('0: any free one'),
        max_body_bytes: size().default(1024 * 1024),
        allowed_hosts: z.array(z.string()).default([]).describe('Host headers accepted besides those of the loopback; none, and not on the loopback: all are'),
      })
      .prefault({}),
    grpc: z
      .strictObject({
        host: z.string().default('127.0.0.1'),
        port: port().default(50_051).describe('0: any free one'),
        max_message_bytes: size().default(4 * 1024 * 1024),
      })
      .prefault({}),
    max_staleness: duration().default(60e6).describe('Older rows are not predicted from'),
    max_streams: z.int().min(1).default(256).describe('Open subscriptions of one server'),
  })
  .prefault({});

const healthSchema = z
  .strictObject({
    host: z.string().default('127.0.0.1'),
    port: port().default(8081).describe('/livez, /readyz and /metrics of collect, features and train; 0: any free one'),
  })
  .prefault({});

/** @param own kinds of sources from `source_files` */
const configSchemaWith = (own: readonly SourceKind[]) => z
  .strictObject({
    queue: queueSchema,
    topics: topicsSchema,
    source_files: z
      .array(z.string().min(1))
      .default([])
      .describe('JavaScript modules of sources of your own, which `sources` can then name by their kind; relative to the working directory. They are run: use only those you trust'),
    sources: z.array(sourceSchemaWith(own)).default([]).describe('What is collected'),
    mappings: z.array(mappingSchema).default([]).describe('Column mappings of recordings, besides those that ship'),
    collectors: collectorsSchema,
    posts: postsSchema,
    features: featuresSchema,
    target: targetSchema,
    models: z
      .array(modelSchema)
      .prefault([{ name: 'softmax', kind: 'softmax' }])
      .describe('Models that learn; the baselines prior and persistence always run beside them'),
    training: trainingSchema,
    serving: servingSchema,
    health: healthSchema,
    logging: z
      .strictObject({
        level: z.enum(['trace', 'debug', 'info', 'warn', 'error', 'silent']).default('warn'),
      })
      .prefault({}),
    lifecycle: z
      .strictObject({
        grace: duration().default(10e6).describe('How long draining may take before the process ends anyway'),
        stalled_after: duration().default(30e6).describe('/livez fails when a loop has input and makes no progress for this long'),
      })
      .prefault({}),
  })
  .superRefine((config, context) => {
    const refuseRepeats = (names: readonly string[], path: string): void => {
      names.forEach((value, i) => {
        if (names.indexOf(value) !== i) context.addIssue({ code: 'custom', path: [path, i, 'name'], message: `the name ${value} stands twice` });
      });
    };
    const models = config.models.map((model) => model.name);
    refuseRepeats(config.sources.map((source) => source.name), 'sources');
    refuseRepeats(models, 'models');
    config.sources.forEach((source, i) => {
      if (!isReplay(source) || !source.posts) return;
      const { made_up_posts: madeUp, laps, times } = source;
      if (madeUp) context.addIssue({ code: 'custom', path: ['sources', i, 'posts'], message: 'posts are recorded or made up, not both' });
      if (laps !== 1 || times !== 'kept') {
        context.addIssue({ code: 'custom', path: ['sources', i, 'posts'], message: 'recorded posts are played once, with their times as they are' });
      }
    });
    config.models.forEach((model, i) => {
      if (model.name === 'prior' || model.name === 'persistence') {
        context.addIssue({ code: 'custom', path: ['models', i, 'name'], message: `${model.name} is a baseline, which always runs` });
      }
      for (const [key, message] of misfits(model)) context.addIssue({ code: 'custom', path: ['models', i, key], message });
      if (config.target.classes === 2 ? model.kind === 'softmax' : model.kind === 'logistic') {
        context.addIssue({ code: 'custom', path: ['models', i, 'kind'], message: `${model.kind} does not fit a target of ${config.target.classes} classes` });
      }
    });
    if (![...models, 'prior', 'persistence'].includes(config.training.champion)) {
      context.addIssue({ code: 'custom', path: ['training', 'champion'], message: `no model is named ${config.training.champion}` });
    }
    if (config.topics.shards > partitionsOf(config)) {
      context.addIssue({ code: 'custom', path: ['topics', 'shards'], message: 'there cannot be more shards than partitions' });
    }
  });

/** With the sources that ship. */
export const configSchema = configSchemaWith([]);

/** With those of files of the user's as well. */
export const schemaOf = (own: readonly SourceKind[]): typeof configSchema => (own.length === 0 ? configSchema : configSchemaWith(own));

/** With one process there is nothing to spread; on Kafka there should be more partitions than workers will ever be. */
export function partitionsOf({ topics, queue }: { topics: { partitions?: number | undefined }; queue: { driver: string } }): number {
  return topics.partitions ?? (queue.driver === 'kafka' ? 24 : 1);
}

/** Settings of a model that mean nothing for its kind or optimizer. */
function misfits({ kind, optimizer = kind === 'mlp' ? 'adam' : 'sgd', l1, decay_steps, hidden, seed, backend }: z.output<typeof modelSchema>): [string, string][] {
  const found: [string, string][] = [];
  if (kind === 'mlp' && optimizer !== 'adam' && optimizer !== 'sgd') found.push(['optimizer', `an mlp learns by adam or sgd, not ${optimizer}`]);
  if (l1 > 0 && optimizer !== 'ftrl') found.push(['l1', `only ftrl has l1, not ${optimizer}`]);
  if (decay_steps > 0 && (optimizer !== 'sgd' || kind === 'mlp')) found.push(['decay_steps', 'only softmax and logistic regression by sgd have decay_steps']);
  if (kind !== 'mlp' && hidden) found.push(['hidden', `only an mlp has hidden layers, not ${kind}`]);
  if (kind !== 'mlp' && backend !== 'own') found.push(['backend', `only an mlp learns on ${backend}, not ${kind}`]);
  if (kind !== 'mlp' && seed !== undefined) found.push(['seed', `only an mlp begins from a seed, not ${kind}`]);
  return found;
}

export type Config = z.output<typeof configSchema>;
export type ConfigInput = z.input<typeof configSchema>;

/** The configuration as it would be written in a file, with every default filled in. @param own kinds of sources it was read with */
export function configAsWritten(config: Config, own: readonly SourceKind[] = []): ConfigInput {
  const written = z.encode(schemaOf(own), config);
  const sasl = written.queue?.kafka?.sasl;
  // What is printed is read by others.
  if (sasl?.password !== undefined) sasl.password = '********';
  return written;
}

/** JSON Schema of the file, for editors and CI. @param own kinds of sources besides those that ship */
export function configJsonSchema(own: readonly SourceKind[] = []): unknown {
  return z.toJSONSchema(schemaOf(own), { io: 'input', target: 'draft-2020-12' });
}
