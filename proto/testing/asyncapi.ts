/** `docs/asyncapi.yaml`: the topics for readers that are not ours, from the topic table, the `.proto` files and the golden samples. */
import { readFileSync } from 'node:fs';

import { tableFromIPC } from 'apache-arrow';
import { stringify } from 'yaml';

import { CONTENT_ARROW, CONTENT_JSON, CONTENT_PROTOBUF, SCHEMA, TOPICS, type SchemaName, type TopicName } from '#proto';

import { schemasOf, type JsonSchema } from './proto-schema.ts';

interface MessageEntry {
  readonly schema: SchemaName;
  readonly contentType: string;
  readonly summary: string;
  /** What the key says; null: records have none. */
  readonly key: { readonly description: string; readonly pattern?: string } | null;
  /** Golden samples: examples of JSON, and the columns of Arrow. */
  readonly samples?: readonly string[];
  readonly headers?: Readonly<Record<string, JsonSchema>>;
}

const INSTRUMENT = { description: 'Instrument' };
const number = (description: string): JsonSchema => ({ type: 'string', pattern: '^\\d+$', description });
const text = (description: string): JsonSchema => ({ type: 'string', description });
const IDENTITY = {
  task: text('Who wrote it. (task, ordinal) names a row: one that was seen before is a repeat'),
  ordinal: number('Number of its first row; those of one record are consecutive'),
};
const TRACE = { traceparent: text('W3C Trace Context of what it comes of'), ingested: number('When the queue took the record with the tick, milliseconds since the epoch') };

const MESSAGES = {
  tick: { schema: SCHEMA.tick, contentType: CONTENT_JSON, summary: 'One tick, or a watermark (without a key, in every partition)', key: INSTRUMENT, samples: ['tick.v1.quote.json', 'tick.v1.trade.json', 'tick.v1.bar.json', 'tick.v1.watermark.json'], headers: { ...IDENTITY, ...TRACE } },
  ticks: { schema: SCHEMA.tick, contentType: CONTENT_ARROW, summary: 'Ticks of one partition; columns of kinds that are not in it may be left out', key: null, samples: ['tick.v1.all.arrow'], headers: { ...IDENTITY, ...TRACE } },
  post: { schema: SCHEMA.post, contentType: CONTENT_JSON, summary: 'One post about one instrument, or a watermark (without a key, in every partition)', key: INSTRUMENT, samples: ['post.v1.json', 'post.v1.watermark.json'], headers: { ...IDENTITY, ...TRACE } },
  features: { schema: SCHEMA.features, contentType: CONTENT_ARROW, summary: 'Feature rows of one task', key: null, samples: ['features.v1.arrow'], headers: { ...IDENTITY, rows: number('How many'), ...TRACE } },
  prediction: { schema: SCHEMA.prediction, contentType: CONTENT_JSON, summary: 'One prediction', key: INSTRUMENT, samples: ['prediction.v1.json'], headers: { ...IDENTITY, ...TRACE } },
  predictions: { schema: SCHEMA.prediction, contentType: CONTENT_ARROW, summary: 'Predictions of one model and one partition', key: null, samples: ['prediction.v1.arrow'], headers: { ...IDENTITY, ...TRACE } },
  outcome: { schema: SCHEMA.outcome, contentType: CONTENT_JSON, summary: 'What became of one prediction', key: INSTRUMENT, samples: ['outcome.v1.json'], headers: { ...IDENTITY, ...TRACE } },
  outcomes: { schema: SCHEMA.outcome, contentType: CONTENT_ARROW, summary: 'What became of predictions of one model and one partition', key: null, samples: ['outcome.v1.arrow'], headers: { ...IDENTITY, ...TRACE } },
  evaluation: { schema: SCHEMA.evaluation, contentType: CONTENT_JSON, summary: 'Metrics over outcomes', key: { description: 'Model' }, samples: ['evaluation.v1.json'], headers: { ...IDENTITY, ...TRACE } },
  snapshotChunk: { schema: SCHEMA.snapshot, contentType: CONTENT_PROTOBUF, summary: 'A piece of a snapshot; all pieces joined are one message foretick.v1.Snapshot', key: { description: 'model/shard/version/chunk, chunks from 0', pattern: '^[^/]+/\\d+/\\d+/\\d+$' } },
  snapshotManifest: { schema: SCHEMA.manifest, contentType: CONTENT_JSON, summary: 'Written last: makes its chunks a snapshot', key: { description: 'model/shard/version/manifest', pattern: '^[^/]+/\\d+/\\d+/manifest$' }, samples: ['manifest.v1.json'] },
  alias: { schema: SCHEMA.alias, contentType: CONTENT_JSON, summary: 'Which model answers to a name', key: { description: 'Alias' }, samples: ['alias.v1.json'] },
  promotion: { schema: SCHEMA.promotion, contentType: CONTENT_JSON, summary: 'A change of an alias', key: { description: 'Alias' }, samples: ['promotion.v1.json'] },
  subscription: { schema: SCHEMA.subscription, contentType: CONTENT_JSON, summary: 'An instrument that a source is to collect, in the partition that the instrument has in quotes', key: { description: 'source/instrument' }, samples: ['subscription.v1.json'] },
  cursor: { schema: SCHEMA.cursor, contentType: CONTENT_JSON, summary: 'How far a source got', key: { description: 'Source, source/instrument, or source/#partition' }, samples: ['cursor.v1.json', 'cursor.v1.instrument.json'] },
  featureState: { schema: SCHEMA.state, contentType: CONTENT_PROTOBUF, summary: 'One state row of a feature worker', key: { description: 'task/instrument' } },
  featureCheckpoint: { schema: SCHEMA.checkpoint, contentType: CONTENT_JSON, summary: 'What a checkpoint stands for; written last', key: { description: 'task/!manifest', pattern: '/!manifest$' }, samples: ['checkpoint.v1.seen.json'] },
  alert: { schema: SCHEMA.alert, contentType: CONTENT_JSON, summary: 'Something that somebody should know', key: { description: 'Rule' }, samples: ['alert.v1.json', 'alert.v1.gap.json'] },
} as const satisfies Record<string, MessageEntry>;

const CHANNELS: Readonly<Record<TopicName, readonly (keyof typeof MESSAGES | 'deadLetter')[]>> = {
  quotes: ['tick', 'ticks'],
  posts: ['post'],
  features: ['features'],
  predictions: ['prediction', 'predictions'],
  outcomes: ['outcome', 'outcomes'],
  evaluations: ['evaluation'],
  models: ['snapshotManifest', 'snapshotChunk'],
  aliases: ['alias'],
  promotions: ['promotion'],
  subscriptions: ['subscription'],
  cursors: ['cursor'],
  changelog: ['featureState', 'featureCheckpoint'],
  alerts: ['alert'],
  'dead-letters': ['deadLetter'],
};
const WRITTEN_BY_OTHERS: readonly TopicName[] = ['quotes', 'posts'];

const DEAD_LETTER = {
  summary: 'The bytes that could not be handled, as they were; headers of the original stand beside those of the letter',
  headers: {
    type: 'object',
    required: ['topic', 'partition', 'offset', 'code', 'message', 'attempt', 'time'],
    properties: {
      topic: text('Where the record stood; empty: it never reached a topic'),
      partition: number('Its partition'),
      offset: number('Its offset; of a recording: the row'),
      row: number('Row inside the record'),
      code: { type: 'string', pattern: '^[A-Z_]+$', description: 'Error code, see errors.md' },
      message: text('What was wrong'),
      attempt: number('How often it was tried'),
      time: number('Recorded receipt time, microseconds; 0: unknown'),
      ...IDENTITY,
      'cut-from': number('Bytes of the original, where the value was cut'),
    },
  },
  payload: { description: 'Any bytes' },
  bindings: { kafka: { key: { type: 'string', description: 'Key of the record, or the recording it comes from' }, bindingVersion: '0.5.0' } },
};

/** @param read a file of `proto/`, `golden/tick.v1.quote.json` */
export function asyncApi(version: string, read: (file: string) => Uint8Array): object {
  const sources = ['market', 'prediction', 'state'].map((file) => Buffer.from(read(`foretick/v1/${file}.proto`)).toString());
  return {
    asyncapi: '3.0.0',
    info: {
      title: 'Foretick',
      version,
      license: { name: 'Apache-2.0' },
      description:
        'Topics of Foretick on Kafka. Read with isolation.level=read_committed. Times are microseconds since the epoch; unknown fields and headers are to be ignored, fields that are left out have the default of proto3. A record without a value on a compacted topic deletes its key.',
    },
    defaultContentType: CONTENT_JSON,
    channels: Object.fromEntries(Object.entries(CHANNELS).map(([topic, messages]) => [topic, channelOf(topic as TopicName, messages)])),
    operations: Object.fromEntries(
      Object.keys(CHANNELS).flatMap((topic): [string, object][] => [
        [`send-${topic}`, { action: 'send', channel: { $ref: `#/channels/${topic}` } }],
        ...(WRITTEN_BY_OTHERS.includes(topic as TopicName) ? [[`receive-${topic}`, { action: 'receive', channel: { $ref: `#/channels/${topic}` }, summary: 'Whoever collects may write here' }] satisfies [string, object]] : []),
      ]),
    ),
    components: {
      messages: { ...Object.fromEntries(Object.entries(MESSAGES).map(([name, entry]) => [name, messageOf(name, entry, read)])), deadLetter: DEAD_LETTER },
      schemas: Object.fromEntries(schemasOf(sources)),
    },
  };
}

function channelOf(topic: TopicName, messages: readonly string[]): object {
  return {
    address: `{prefix}.${topic}.v1`,
    description: TOPICS[topic].doc,
    parameters: { prefix: { default: 'foretick', description: 'topics.prefix of the configuration' } },
    messages: Object.fromEntries(messages.map((name) => [name, { $ref: `#/components/messages/${name}` }])),
    bindings: { kafka: { topicConfiguration: { 'cleanup.policy': [TOPICS[topic].cleanup] }, bindingVersion: '0.5.0' } },
  };
}

function messageOf(name: string, { schema, contentType, summary, key, samples = [], headers = {} }: MessageEntry, read: (file: string) => Uint8Array): object {
  return {
    name,
    summary,
    contentType,
    headers: { type: 'object', required: ['content-type', 'schema'], properties: { 'content-type': { const: contentType }, schema: { const: schema }, ...headers } },
    payload: contentType === CONTENT_JSON ? { $ref: `#/components/schemas/${schema.split('.').at(-1)!}` } : binaryOf(schema, contentType, samples, read),
    bindings: { kafka: { ...(key && { key: { type: 'string', ...key } }), bindingVersion: '0.5.0' } },
    ...(contentType === CONTENT_JSON && { examples: samples.map((file): object => ({ name: file, payload: JSON.parse(Buffer.from(read(`golden/${file}`)).toString()) as unknown })) }),
  };
}

function binaryOf(schema: SchemaName, contentType: string, samples: readonly string[], read: (file: string) => Uint8Array): JsonSchema {
  if (contentType === CONTENT_PROTOBUF) return { type: 'string', format: 'binary', description: `Protocol Buffers: ${schema}` };
  const { fields, metadata } = tableFromIPC(read(`golden/${samples[0]!}`)).schema;
  const columns = fields.map((field) => ({ name: field.name, type: String(field.type).replace(/\[\d+\]/, '[n]') }));
  return { type: 'string', format: 'binary', description: 'One Arrow IPC stream', 'x-arrow': { columns, metadata: [...metadata.keys()] } };
}

export function asyncApiYaml(version: string, read = readProto): string {
  return `# Made from proto/ by npm run generate:asyncapi; do not edit.\n${stringify(asyncApi(version, read), { lineWidth: 160, aliasDuplicateObjects: false })}`;
}

function readProto(file: string): Uint8Array {
  return readFileSync(`proto/${file}`);
}
