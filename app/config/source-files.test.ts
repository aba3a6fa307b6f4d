/** Files of sources of one's own: what is refused, and where the message says it stands. */
import { afterAll, expect, test } from '@jest/globals';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { asForetickError } from '#proto';

import { packageRoot } from '../package.ts';
import { loadConfig, readConfigFile } from './load.ts';
import { configAsWritten, configJsonSchema } from './schema.ts';
import { ownSourceKinds } from './source-files.ts';

const directory = mkdtempSync(join(tmpdir(), 'foretick-sources-'));
afterAll(() => { rmSync(directory, { recursive: true }); });
let files = 0;

function write(text: string, ending = 'mjs'): string {
  const file = join(directory, `file-${files++}.${ending}`);
  writeFileSync(file, text);
  return file;
}

/** A small source; `change` is put behind its definition. */
const declared = (kind: string, { options = "url: z.url().describe('Where it is')", change = '' } = {}): string => `
export const source = ({ z, defineSource, liveSource }) => ({
  ...defineSource({
    kind: '${kind}',
    doc: { title: 'Mine', gives: 'quotes', keys: 'none', limits: 'none', gaps: 'none', licence: 'mine' },
    options: z.strictObject({ ${options} }),
    create: (name, read, environment) => liveSource({ name, environment, instruments: [], run: async () => {} }),
  }),
  ${change}
});`;

/** As the command line does it. */
async function check(yaml: string) {
  const file = write(yaml, 'yaml');
  try {
    const kinds = await ownSourceKinds(readConfigFile({ file, defaultFile: '' }));
    return { kinds, config: loadConfig({ file, defaultFile: '', env: {}, flags: {}, kinds }).config, problem: '' };
  } catch (error) {
    const { code, message } = asForetickError(error);
    return { kinds: [], config: null, problem: `${code} ${message.replaceAll(file, 'foretick.yaml').replaceAll(`${directory}/`, '')}` };
  }
}

/** What a file is refused with that is named in line 2. */
const refused = async (text: string, ending?: string): Promise<string> => (await check(`source_files:\n  - ${write(text, ending)}\n`)).problem.replace(/file-\d+/, 'FILE');

test('a source of a file is configured, written back and described like one that ships', async () => {
  const { kinds, config } = await check(`source_files: [${join(packageRoot, 'examples/sources/oanda.js')}]\nsources: [{ name: fx, kind: oanda, account: a, token: { env: T }, silent_after: 20s }]\n`);
  expect(kinds.map(({ kind }) => kind)).toEqual(['oanda']);
  expect(config!.sources[0]).toMatchObject({ name: 'fx', kind: 'oanda', silent_after: 20e6, max_snapshot_age: 10e6, watermark_interval: 1e6 });
  expect(configAsWritten(config!, kinds).sources?.[0]).toMatchObject({ silent_after: '20s', url: 'https://stream-fxpractice.oanda.com' });
  expect(JSON.stringify(configJsonSchema(kinds))).toContain('Id of the account');
  expect(JSON.stringify(configJsonSchema())).not.toContain('Id of the account');
});

test('`source` may also be what defineSource returns; its rules over several options hold', async () => {
  const file = write(`
import { z } from '${join(packageRoot, 'node_modules/zod/index.js')}';
export const source = {
  kind: 'paired',
  doc: { title: 'Mine', gives: 'quotes', keys: 'none', limits: 'none', gaps: 'none', licence: 'mine' },
  options: z.strictObject({ low: z.number().describe('Lowest'), high: z.number().describe('Highest') }).refine(({ low, high }) => low < high, { path: ['high'], message: 'high is above low' }),
  create: () => ({}),
};`);
  const given = (low: number) => check(`source_files: [${file}]\nsources:\n  - name: a\n    kind: paired\n    low: ${low}\n    high: 2\n`);
  expect((await given(1)).problem).toBe('');
  expect((await given(3)).problem).toBe('CONFIG_INVALID foretick.yaml:6: sources.0.high: high is above low');
});

test('what is wrong with its options is told with file, line and key', async () => {
  const sources = (lines: string): string => `source_files: [${write(declared('mine'))}]\nsources:\n  - name: a\n    kind: mine\n${lines}`;
  expect((await check(sources('    url: nowhere\n'))).problem).toBe('CONFIG_INVALID foretick.yaml:5: sources.0.url: Invalid URL');
  expect((await check(sources('    url: https://a.b\n    speed: 3\n'))).problem).toBe('CONFIG_INVALID foretick.yaml:6: sources.0.speed: unknown key');
  const unknown = await check('sources:\n  - name: a\n    kind: mine\n');
  expect(unknown.problem).toMatch(/^CONFIG_INVALID foretick.yaml:3: sources.0.kind: no source is of kind mine; there are replay, .*kraken.*, and those of source_files$/);
});

test('a file that is not there or does not run is refused, with the line that names it', async () => {
  expect((await check(`queue: {}\nsource_files:\n  - ${directory}/none.mjs\n`)).problem).toMatch(/^FILE_UNREADABLE foretick.yaml:3: source_files.0: none.mjs: /);
  expect(await refused('throw new Error("not today");')).toBe('FILE_UNREADABLE foretick.yaml:2: source_files.0: FILE.mjs: not today');
  expect(await refused('export const source = () => { throw new Error("nor now"); };')).toBe('FILE_UNREADABLE foretick.yaml:2: source_files.0: FILE.mjs: nor now');
  expect(await refused('export const source = {')).toMatch(/^FILE_UNREADABLE foretick.yaml:2: source_files.0: FILE.mjs: /);
});

test.each([
  ['nothing', 'export const sources = [];', 'it exports no `source`'],
  ['no definition', 'export const source = 5;', '`source` is not what defineSource returns'],
  ['a kind that ships', declared('kraken'), 'a source of kind kraken ships: take another name'],
  ['the kind of recordings', declared('replay'), 'a source of kind replay ships: take another name'],
  ['no name', declared('My Source'), '`kind` is made of lower-case letters, digits, dot, dash and underscore'],
  ['no licence', declared('mine', { change: "doc: { title: 'Mine', gives: 'q', keys: 'n', limits: 'n', gaps: 'n' }" }), 'mine: `doc.licence` is missing: what there is to know stands in foretick sources'],
  ['no options', declared('mine', { change: 'options: {}' }), 'mine: `options` is not a zod object'],
  ['nothing that creates', declared('mine', { change: 'create: null' }), 'mine: `create` is not a function'],
  ['an option that each source has', declared('mine', { options: "name: z.string().describe('x')" }), 'mine: an option cannot be called name: every source has that key'],
  ['an option without description', declared('mine', { options: 'url: z.url()' }), 'mine: option url has no description: give it one with .describe()'],
  ['an option without JSON Schema', declared('mine', { options: "at: z.date().describe('When')" }), 'mine: `options` have no JSON Schema: Date cannot be represented in JSON Schema'],
])('a file that declares %s is refused', async (_, text, message) => {
  expect(await refused(text)).toBe(`CONFIG_INVALID foretick.yaml:2: source_files.0: FILE.mjs: ${message}`);
});

test('two files of one kind are refused', async () => {
  const { problem } = await check(`source_files:\n  - ${write(declared('mine'))}\n  - ${write(declared('mine'))}\n`);
  expect(problem).toMatch(/^CONFIG_INVALID foretick.yaml:3: source_files.1: file-\d+.mjs: a source of kind mine stands in file-\d+.mjs, too$/);
});
