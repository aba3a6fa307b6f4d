import { expect, test } from '@jest/globals';
import fc from 'fast-check';

import { PRESETS } from '#collectors';

import { mappingOf, mappingSchema } from './mappings.ts';
import { configAsWritten, configJsonSchema, configSchema } from './schema.ts';
import { duration, size } from './units.ts';

test.each([['5s', 5e6], ['250ms', 250e3], ['1.5s', 1.5e6], ['2m', 120e6], ['1h', 3600e6], ['7d', 7 * 86_400e6], ['10us', 10], [' 5 s ', 5e6], ['0s', 0]])(
  '%j is %d microseconds',
  (text, us) => { expect(duration().parse(text)).toBe(us); },
);
test.each([['1KiB', 1024], ['1.5MiB', 1.5 * 1024 ** 2], ['2GiB', 2 * 1024 ** 3], ['7B', 7]])('%j is %d bytes', (text, bytes) => {
  expect(size().parse(text)).toBe(bytes);
});
test.each(['5', '5 parsecs', 's', '', '-1s', '1e3s', '5s5', 'Infinitys', '٥s', '5S'])('%j is no duration', (text) => {
  expect(duration().safeParse(text).success).toBe(false);
});

test('a duration is written so that it is read again as the same', () => {
  fc.assert(fc.property(fc.nat(), (us) => { expect(duration().parse(duration().encode(us))).toBe(us); }));
});

const full = {
  name: 'mine',
  format: 'csv',
  delimiter: ';',
  instrument: { column: 'symbol', prefix: 'x:', map: { A: 'B' } },
  event_time: { column: 't', unit: 'ns', plus_us: 5 },
  receipt_time: { column: 'r', unit: 'iso' },
  kind: { column: 'k', quote: 'q', trade: 't' },
  bid_size: 'bq',
  ask_size: 'aq',
  side: { column: 's', buy: 'B', sell: 'S' },
  interval: { us: 60 },
};

test('a mapping of the configuration is the mapping the source takes, under the names it uses and without absent keys', () => {
  expect(mappingOf(mappingSchema.parse(full))).toStrictEqual({
    name: 'mine',
    format: 'csv',
    delimiter: ';',
    instrument: { column: 'symbol', prefix: 'x:', map: { A: 'B' } },
    eventTime: { column: 't', unit: 'ns', plusUs: 5 },
    receiptTime: { column: 'r', unit: 'iso' },
    kind: { column: 'k', quote: 'q', trade: 't' },
    bidSize: 'bq',
    askSize: 'aq',
    side: { column: 's', buy: 'B', sell: 'S' },
    interval: { us: 60 },
  });
});

const snake = (key: string): string => key.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
test.each(PRESETS.map((preset) => [preset.name, preset] as const))('the preset %s can be said in the configuration too', (_, preset) => {
  const renamed = Object.fromEntries(
    Object.entries(preset).map(([key, value]) => [snake(key), key.endsWith('Time') ? Object.fromEntries(Object.entries(value as object).map(([inner, x]) => [snake(inner), x as unknown])) : value]),
  );
  expect(mappingOf(mappingSchema.parse(renamed))).toStrictEqual(JSON.parse(JSON.stringify(preset)));
});

test('unknown keys and half mappings are refused', () => {
  const without: Record<string, unknown> = { ...full };
  delete without['instrument'];
  for (const wrong of [{ ...full, colour: 'red' }, { ...full, kind: 'guess' }, { ...full, delimiter: ';;' }, { ...full, instrument: {} }, without, { ...full, event_time: 't' }]) {
    expect(mappingSchema.safeParse(wrong).success).toBe(false);
  }
});

interface JsonSchema {
  readonly type?: string;
  readonly default?: unknown;
  readonly properties?: Readonly<Record<string, JsonSchema>>;
  readonly additionalProperties?: boolean;
  readonly description?: string;
}

function* objects(schema: JsonSchema, path = ''): Iterable<[string, JsonSchema]> {
  if (schema.properties) yield [path, schema];
  for (const [key, child] of Object.entries(schema.properties ?? {})) yield* objects(child, `${path}.${key}`);
}

test('the JSON Schema is one of draft 2020-12 that closes every object and gives every default as it is written in a file', () => {
  const schema = configJsonSchema() as JsonSchema & { $schema: string };
  expect(schema.$schema).toContain('2020-12');
  for (const [path, { additionalProperties }] of objects(schema)) expect([path, additionalProperties]).toEqual([path, false]);
  const written: Record<string, unknown> = {};
  const collect = (at: JsonSchema): unknown =>
    at.properties ? Object.fromEntries(Object.entries(at.properties).flatMap(([key, child]) => (child.properties || child.default !== undefined ? [[key, collect(child)]] : []))) : at.default;
  Object.assign(written, collect(schema));
  expect(Object.keys(written)).toEqual(expect.arrayContaining(['queue', 'topics', 'features', 'target', 'training', 'serving']));
  // The defaults, put into a file, are the defaults.
  expect(configSchema.parse(written)).toEqual(configSchema.parse({}));
});

test('recorded posts are played once, with their times kept, and not beside made-up ones', () => {
  const source = { name: 'a', kind: 'replay', file: 'a.csv', posts: { file: 'p.ndjson' } } as const;
  const accepted = (more: object): boolean => configSchema.safeParse({ sources: [{ ...source, ...more }] }).success;
  expect(accepted({})).toBe(true);
  for (const more of [{ laps: 2 }, { laps: 'forever' }, { times: 'now' }, { made_up_posts: { instruments: ['x:A'] } }]) expect([more, accepted(more)]).toEqual([more, false]);
});

test('a live source takes the settings of its kind, and is written back as it was read', () => {
  const given = { name: 'cb', kind: 'coinbase', instruments: ['BTC-USD'], silent_after: '15s' };
  const config = configSchema.parse({ sources: [given] });
  expect(config.sources[0]).toMatchObject({ ...given, silent_after: 15e6, api: 'exchange', watermark_interval: 1e6 });
  expect(configAsWritten(config).sources?.[0]).toMatchObject({ ...given, watermark_interval: '1s' });
  expect(configSchema.parse(configAsWritten(config))).toEqual(config);
});

test('a feature set that does not ship is refused', () => {
  expect(configSchema.parse({}).features.set).toBe('default@2');
  expect(configSchema.safeParse({ features: { set: 'default@1' } }).success).toBe(true);
  expect(configSchema.safeParse({ features: { set: 'default@3' } }).success).toBe(false);
});
