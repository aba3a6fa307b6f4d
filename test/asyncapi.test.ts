/** docs/asyncapi.yaml is current, is AsyncAPI 3, and says what stands on the topics. */
import { afterAll, expect, test } from '@jest/globals';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';

import { Ajv, type AnySchema, type ValidateFunction } from 'ajv';
import { tableFromIPC } from 'apache-arrow';
import { parse } from 'yaml';

import { TOPICS, topicLayout } from '#proto';
import { openEmbeddedReader } from '#queue/embedded';

import { asyncApiYaml } from '../proto/testing/asyncapi.ts';
import { backtest } from './support/backtest.ts';
import { ROOT, cutRecording, scratchDirectory } from './support/recording.ts';

interface Message {
  readonly contentType?: string;
  readonly headers: AnySchema;
  readonly payload: { readonly 'x-arrow'?: { readonly columns: readonly { readonly name: string; readonly type: string }[] }; readonly [key: string]: unknown };
  readonly bindings: { readonly kafka: { readonly key?: AnySchema } };
  readonly examples?: readonly { readonly payload: unknown }[];
}

interface Document {
  readonly channels: Readonly<Record<string, { readonly address: string; readonly messages: Readonly<Record<string, unknown>> }>>;
  readonly components: { readonly messages: Readonly<Record<string, Message>>; readonly schemas: Readonly<Record<string, AnySchema>> };
}

const scratch = scratchDirectory();
afterAll(() => { scratch.remove(); });
const page = readFileSync(join(ROOT, 'docs/asyncapi.yaml'), 'utf8');
const document = parse(page) as Document;
const ajv = new Ajv({ strict: false, validateFormats: false, allErrors: true });
ajv.addSchema({ $id: 'document', components: document.components });
const compiled = (schema: AnySchema): ValidateFunction => ajv.compile(JSON.parse(JSON.stringify(schema).replaceAll('"#/', '"document#/')) as AnySchema);
const validators = new Map(
  Object.entries(document.components.messages).map(([name, { headers, payload, bindings }]) => [name, { headers: compiled(headers), payload: compiled(payload), key: bindings.kafka.key === undefined ? null : compiled(bindings.kafka.key) }]),
);

test('it is what proto/ says (npm run generate:asyncapi makes it)', () => {
  const { version } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as { version: string };
  expect(page).toBe(asyncApiYaml(version, (file) => readFileSync(join(ROOT, 'proto', file))));
});

test('it is AsyncAPI 3, by its own schema', () => {
  const schema = createRequire(import.meta.url)('@asyncapi/specs/schemas/3.0.0.json') as AnySchema;
  const validate = new Ajv({ strict: false, validateFormats: false, meta: false, validateSchema: false }).compile(schema);
  void validate(document);
  expect(validate.errors).toBeNull();
  expect(validate({ ...document, channels: { quotes: { address: 7 } } })).toBe(false);
});

test('it has every topic, and its examples are messages of theirs', () => {
  expect(Object.keys(document.channels).sort()).toEqual(Object.keys(TOPICS).sort());
  for (const [name, { examples = [] }] of Object.entries(document.components.messages)) {
    for (const { payload } of examples) expect([name, validators.get(name)!.payload(payload)]).toEqual([name, true]);
  }
  expect(validators.get('tick')!.payload({ receiptTimeUs: 'now', watermark: {} })).toBe(false);
  expect(validators.get('tick')!.payload({ quote: {}, trade: {} })).toBe(false);
});

test('every record of a run is one of the messages of its channel: headers, key, content', async () => {
  const directory = join(scratch.path, 'run');
  await backtest({ file: cutRecording(scratch.path, 6_000), directory, sections: { target: { horizon: '1s' }, features: { max_lateness: '20ms', checkpoint_rows: 900 }, training: { evaluate_every: 100 } } });
  const reader = await openEmbeddedReader(directory);
  const layout = topicLayout({ prefix: 'foretick', inputs: 1, shards: 1 });
  const seen = new Map<string, number>();
  try {
    for (const [channel, { address, messages }] of Object.entries(document.channels)) {
      const topic = address.replace('{prefix}', layout.prefix);
      for await (const { records } of reader.read({ topic, from: 'earliest', toEnd: true })) {
        for (const { key, value, headers } of records) {
          if (value === null) continue;
          const fits = Object.keys(messages).filter((name) => validators.get(name)!.headers(headers));
          expect([channel, headers, fits.length]).toEqual([channel, headers, 1]);
          const name = fits[0]!;
          const { payload, contentType } = document.components.messages[name]!;
          const { key: keyed, payload: content } = validators.get(name)!;
          const text = key === null ? null : Buffer.from(key).toString();
          if (keyed !== null && text !== null) expect([name, text, keyed(text)]).toEqual([name, text, true]);
          if (keyed === null) expect([name, text]).toEqual([name, null]);
          if (contentType === 'application/json') expect([name, content(JSON.parse(Buffer.from(value).toString())), content.errors]).toEqual([name, true, null]);
          const columns = payload['x-arrow']?.columns;
          if (columns) {
            const types = new Map(columns.map((column) => [column.name, column.type]));
            for (const { name: column, type } of tableFromIPC(value).schema.fields) expect([name, column, types.get(column)]).toEqual([name, column, String(type).replace(/\[\d+\]/, '[n]')]);
          }
          seen.set(name, (seen.get(name) ?? 0) + 1);
        }
      }
    }
  } finally {
    await reader.close();
  }
  // JSON or Arrow is a matter of size: a backtest writes Arrow, a quiet market JSON. Alerts are of live sources.
  const expected = ['alias', 'cursor', 'deadLetter', 'evaluation', 'featureCheckpoint', 'featureState', 'features', 'outcomes', 'post', 'predictions', 'promotion', 'snapshotChunk', 'snapshotManifest', 'tick', 'ticks'];
  expect([...seen.keys()].filter((name) => expected.includes(name)).sort()).toEqual(expected);
}, 120_000);
