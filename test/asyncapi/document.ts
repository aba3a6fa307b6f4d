/** The topics as an AsyncAPI document: who reads Kafka without us finds keys, headers and payloads there. */
import { CONTENT_ARROW, CONTENT_JSON, CONTENT_PROTOBUF, SCHEMA, TOPICS, type TopicName } from '#proto';

import type { JsonSchema } from './json-schema.ts';

interface MessageEntry {
  readonly schema: string;
  readonly contents: readonly string[];
  readonly key: string;
  /** Of an Arrow stream, by column. */
  readonly columns?: string;
}

const TICK_COLUMNS = 'instrument utf8, kind uint8 (0 quote, 1 trade, 2 bar, 3 watermark), event_time, receipt_time timestamp[us, UTC], sequence int64; of quotes bid, bid_size, ask, ask_size float64; of trades price, size float64, side int8 (1 bought, -1 sold); of bars open, high, low, price (close), size (volume) float64, interval int64 µs. Columns of kinds that are not there are left out. The source stands in the schema metadata.';
const INSTRUMENT = 'Instrument with its venue, `binance:BTC-USDT`; none for records of several rows and for watermarks.';

const MESSAGES: Readonly<Record<TopicName, readonly MessageEntry[]>> = {
  quotes: [{ schema: SCHEMA.tick, contents: [CONTENT_JSON, CONTENT_ARROW], key: INSTRUMENT, columns: TICK_COLUMNS }],
  posts: [{ schema: SCHEMA.post, contents: [CONTENT_JSON], key: INSTRUMENT }],
  features: [
    {
      schema: SCHEMA.features,
      contents: [CONTENT_ARROW],
      key: 'None.',
      columns: 'instrument utf8, event_time, receipt_time timestamp[us, UTC], price, bid, ask float64, warm uint8, features fixed_size_list<float32>. Names and set of the features stand in the schema metadata (feature_names as JSON, feature_set).',
    },
  ],
  predictions: [
    {
      schema: SCHEMA.prediction,
      contents: [CONTENT_JSON, CONTENT_ARROW],
      key: INSTRUMENT,
      columns: 'instrument utf8, ordinal, version, row_ordinal int64, event_time, due_time timestamp[us, UTC], price float64, probabilities fixed_size_list<float64>, abstained uint8. Task, model and feature set stand in the schema metadata.',
    },
  ],
  outcomes: [
    {
      schema: SCHEMA.outcome,
      contents: [CONTENT_JSON, CONTENT_ARROW],
      key: INSTRUMENT,
      columns: 'instrument utf8, ordinal, prediction_ordinal, version int64, event_time, due_time timestamp[us, UTC], label int8, return_bps, log_loss float64, probabilities fixed_size_list<float64>. Task and model stand in the schema metadata.',
    },
  ],
  evaluations: [{ schema: SCHEMA.evaluation, contents: [CONTENT_JSON], key: 'Model.' }],
  models: [
    { schema: SCHEMA.manifest, contents: [CONTENT_JSON], key: '`model/shard/version/manifest`' },
    { schema: SCHEMA.snapshot, contents: [CONTENT_PROTOBUF], key: '`model/shard/version/chunk`: a part of the bytes of one snapshot.' },
  ],
  aliases: [{ schema: SCHEMA.alias, contents: [CONTENT_JSON], key: 'Alias.' }],
  promotions: [{ schema: SCHEMA.promotion, contents: [CONTENT_JSON], key: 'Alias.' }],
  subscriptions: [],
  cursors: [{ schema: SCHEMA.cursor, contents: [CONTENT_JSON], key: 'Source, or `source/instrument`.' }],
  changelog: [
    { schema: SCHEMA.checkpoint, contents: [CONTENT_JSON], key: '`task/!manifest`' },
    { schema: SCHEMA.state, contents: [CONTENT_PROTOBUF], key: '`task/instrument`' },
  ],
  alerts: [{ schema: SCHEMA.alert, contents: [CONTENT_JSON], key: 'Rule.' }],
  'dead-letters': [],
};

const text = (description: string): JsonSchema => ({ type: 'string', description });
const HEADERS: JsonSchema = {
  type: 'object',
  required: ['content-type', 'schema'],
  properties: {
    'content-type': text('What the value is.'),
    schema: text('Name of the message, with its version.'),
    task: text('Who wrote the rows. A row is (task, ordinal): one that comes again is a repeat, and is dropped by who reads.'),
    ordinal: text('Of the first row, decimal; the others follow.'),
    rows: text('How many rows the value has, where that is more than one.'),
    traceparent: text('W3C trace context of the newest row.'),
  },
};
const LETTER_HEADERS: JsonSchema = {
  type: 'object',
  description: 'Those of the record as it was, but for these.',
  required: ['topic', 'partition', 'offset', 'code', 'message', 'attempt', 'time'],
  properties: {
    topic: text('Where the record stood; empty: a source refused it.'),
    partition: text('Decimal.'),
    offset: text('Decimal; of what a source refused its line or frame.'),
    row: text('Row of the record, decimal.'),
    code: text('Why: a code of docs/errors.md.'),
    message: text('Why, in words.'),
    attempt: text('1 at first; one more for each time it was put back.'),
    time: text('Microseconds since the epoch.'),
  },
};

const CONTENT_NAMES: Readonly<Record<string, string>> = { [CONTENT_JSON]: 'Json', [CONTENT_ARROW]: 'Arrow', [CONTENT_PROTOBUF]: 'Protobuf' };
const plain = (schema: string): string => schema.slice(schema.lastIndexOf('.') + 1);

function payloadOf({ columns }: MessageEntry, schema: string, content: string): JsonSchema {
  if (content === CONTENT_JSON) return { $ref: `#/components/schemas/${plain(schema)}` };
  return { type: 'string', format: 'binary', description: content === CONTENT_ARROW ? `An Arrow IPC stream. Columns: ${columns ?? ''}` : `${schema} in the protobuf encoding, see proto/foretick/v1.` };
}

const PARTITIONS = {
  inputs: 'As many partitions as `topics.partitions`; instruments are placed by murmur2 of their name, as Kafka\'s own clients place keys',
  shards: 'As many partitions as `topics.shards`',
  one: 'One partition',
} as const;

/** @param schemas see `jsonSchemasOf` */
export function asyncApi(schemas: Readonly<Record<string, JsonSchema>>): JsonSchema {
  const channels: Record<string, JsonSchema> = {};
  const operations: Record<string, JsonSchema> = {};
  const messages: Record<string, JsonSchema> = {
    DeadLetter: { name: 'DeadLetter', title: 'A record that could not be handled', headers: LETTER_HEADERS, payload: { type: 'string', format: 'binary', description: 'The bytes as they were, shortened where they are too long.' } },
  };
  for (const [topic, { doc, cleanup, partitions }] of Object.entries(TOPICS)) {
    const own: Record<string, JsonSchema> = {};
    for (const entry of MESSAGES[topic as TopicName]) {
      for (const content of entry.contents) {
        const name = `${plain(entry.schema)}${CONTENT_NAMES[content]!}`;
        messages[name] = {
          name: entry.schema,
          title: `${plain(entry.schema)}, ${content}`,
          contentType: content,
          headers: HEADERS,
          bindings: { kafka: { key: { type: 'string', description: entry.key }, bindingVersion: '0.5.0' } },
          payload: payloadOf(entry, entry.schema, content),
        };
        own[name] = { $ref: `#/components/messages/${name}` };
      }
    }
    if (topic === 'dead-letters') own['DeadLetter'] = { $ref: '#/components/messages/DeadLetter' };
    channels[topic] = {
      address: `{prefix}.${topic}.v1`,
      description: `${doc}. Clean-up: ${cleanup}. ${PARTITIONS[partitions]}.`,
      parameters: { prefix: { default: 'foretick', description: '`topics.prefix` of the configuration.' } },
      messages: own,
      bindings: { kafka: { topicConfiguration: { 'cleanup.policy': [cleanup] }, bindingVersion: '0.5.0' } },
    };
    operations[`read ${topic}`] = { action: 'receive', channel: { $ref: `#/channels/${topic}` } };
  }
  return {
    asyncapi: '3.0.0',
    info: {
      title: 'Foretick',
      version: '1',
      description: 'The topics of Foretick on Kafka. With `delivery: transactional` read with `isolation.level=read_committed`. Times are microseconds since the epoch, UTC. JSON leaves out fields that have their default value (0, empty, false).',
      license: { name: 'Apache-2.0' },
    },
    defaultContentType: CONTENT_JSON,
    servers: { brokers: { host: 'localhost:9092', protocol: 'kafka', description: '`queue.kafka.brokers` of the configuration.' } },
    channels,
    operations,
    components: { messages, schemas: reachable(schemas, messages) },
  };
}

/** Schemas that messages use, and those that these use. */
function reachable(schemas: Readonly<Record<string, JsonSchema>>, messages: JsonSchema): Record<string, JsonSchema> {
  const found = new Set<string>();
  const visit = (value: unknown): void => {
    for (const [, name] of JSON.stringify(value).matchAll(/#\/components\/schemas\/(\w+)/g)) {
      if (found.has(name!)) continue;
      found.add(name!);
      visit(schemas[name!]);
    }
  };
  visit(messages);
  return Object.fromEntries([...found].sort().map((name) => [name, schemas[name]!]));
}
