import { expect, test } from '@jest/globals';
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { Ajv, type AnySchema } from 'ajv';
import { parse } from 'yaml';

import { encodePostJson, encodeTickJson, ticksOf, Post, TickKind } from '#proto';

import { ROOT } from '../support/recording.ts';
import { FILE, makeDocument, written } from './make.ts';

const runs = spawnSync(join(ROOT, 'node_modules/.bin/buf'), ['--version'], { timeout: 60_000 }).status === 0;
const document = (): { components: { schemas: Record<string, AnySchema> } } => parse(readFileSync(FILE, 'utf8')) as never;
const ajv = (): Ajv => new Ajv({ strict: false, allErrors: true, logger: false, validateFormats: false });

(runs ? test : test.skip)('docs/asyncapi.yaml is what npm run generate:asyncapi makes (skipped: buf does not run here)', () => {
  expect(readFileSync(FILE, 'utf8') === written(makeDocument())).toBe(true);
});

test('it is a valid AsyncAPI 3.0 document, by the schema of that specification', () => {
  const schema = createRequire(import.meta.url)('@asyncapi/specs/schemas/3.0.0-without-$id.json') as AnySchema;
  const validate = ajv().compile(schema);
  void validate(document());
  expect(validate.errors ?? []).toEqual([]);
});

test('what we write fits the schemas, every field of it', () => {
  const closed = Object.fromEntries(Object.entries(document().components.schemas).map(([name, schema]) => [name, { ...(schema as object), additionalProperties: false }]));
  const fits = (name: string, value: string): unknown => {
    const validate = ajv().compile({ $ref: `#/components/schemas/${name}`, components: { schemas: closed } });
    validate(JSON.parse(value));
    return validate.errors ?? [];
  };
  const tick = { instrument: 'x:A', eventTime: 1_750_000_000_000_000, receiptTime: 1_750_000_000_000_001, sequence: 7 };
  const quote = encodeTickJson(ticksOf('s', [{ ...tick, kind: TickKind.QUOTE, bid: 1, ask: 2, bidSize: 3, askSize: 4 }]), 0);
  const trade = encodeTickJson(ticksOf('s', [{ ...tick, kind: TickKind.TRADE, price: 1, size: 2, side: -1 }]), 0);
  const post = encodePostJson(Post.fromPartial({ instrument: 'x:A', source: 's', text: 'up', receiptTimeUs: 5, synthetic: true }));
  expect([fits('Tick', quote), fits('Tick', trade), fits('Post', post)]).toEqual([[], [], []]);
  expect(fits('Post', quote)).not.toEqual([]);
});
