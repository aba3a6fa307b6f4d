/** `foretick features list` and `show`: the columns in use, and the newest row of an instrument. */
import type { Command } from 'commander';

import { shippedFeatures, type Feature, type FeatureSet } from '#features';

import { featureSetOf } from '../runtime/features.ts';

import { EXIT, print, reportError, type CliIo } from './io.ts';
import { configOf, withConfigOptions, type ConfigFlags } from './options.ts';
import { getJson, withUrlOption } from './remote.ts';
import { span, tableOf } from './table.ts';

interface FeaturesFlags extends ConfigFlags {
  readonly url: string;
  readonly json?: boolean;
}

interface NewestRow {
  readonly instrument: string;
  readonly featureSet: string;
  readonly warm: boolean;
  readonly price: number;
  readonly eventTimeUs: number;
  readonly ageMs: number;
  readonly features: readonly { readonly name: string; readonly value: number }[];
}

/** @param features the command `features` itself, which runs the worker */
export function addFeatureViews(features: Command, io: CliIo, finish: (code: number) => void): void {
  withConfigOptions(features.command('list'))
    .description('Show the feature columns in use: unit, state, formula, source')
    .option('--json', 'as JSON')
    .addHelpText('after', '\nState: bytes of rolling state that a column keeps of each instrument. The formulas are also in docs/features.md.\n\nExit codes: 0 shown, 2 wrong use or configuration.\n\nExamples:\n  $ foretick features list\n  $ foretick features list --json')
    .action(async (flags: FeaturesFlags) => {
      await shown(io, finish, flags.json === true, async (json) => columns(await featureSetOf((await configOf(io, flags, {}, {})).config), json));
    });
  withUrlOption(features.command('show'))
    .description('Show the newest row of an instrument, from a running process')
    .argument('<instrument>', 'venue:SYMBOL')
    .option('--json', 'as JSON')
    .addHelpText('after', '\nExit codes: 0 shown, 1 nothing answers or the instrument is unknown, 2 wrong use.\n\nExamples:\n  $ foretick features show binance:BTC-USDT')
    .action(async (instrument: string, flags: FeaturesFlags) => {
      await shown(io, finish, flags.json === true, (json) => newest(instrument, flags.url, json));
    });
}

async function shown(io: CliIo, finish: (code: number) => void, json: boolean, text: (json: boolean) => Promise<string>): Promise<void> {
  try {
    print(io, await text(json));
    finish(EXIT.ok);
  } catch (error) {
    finish(reportError(io, error, json));
  }
}

const described = ({ name, unit, width, doc: { what, formula, source } }: Feature) => ({ name, unit, stateBytes: 8 * width, what, formula, source });

function columns({ id, warmup, features }: FeatureSet, json: boolean): string {
  const rows = features.map(described);
  if (json) return JSON.stringify({ set: id, warmup, columns: rows }, null, 2);
  const table = tableOf(
    [{ head: 'column' }, { head: 'unit' }, { head: 'state', align: 'right' }, { head: 'what it says', width: 44 }, { head: 'formula', width: 40 }],
    rows.map(({ name, unit, stateBytes, what, formula }) => [name, unit, `${stateBytes} B`, what, formula]),
  );
  const sources = [...new Set(rows.map(({ source }) => source))].map((source) => {
    const names = rows.filter((row) => row.source === source).map(({ name }) => name);
    return `  ${names.join(', ')}: ${source}`;
  });
  return [`${id}: ${rows.length} columns; warm after ${warmup.events} events over ${warmup.seconds} s.`, table, 'Sources:', ...sources].join('\n');
}

async function newest(instrument: string, url: string, json: boolean): Promise<string> {
  const row = await getJson<NewestRow>(url, `/v1/instruments/${encodeURIComponent(instrument)}/features`);
    const features = row.features.map(({ name, value }) => ({ name, value, unit: shippedFeatures.get(name)?.unit ?? '' }));
  if (json) return JSON.stringify({ ...row, features }, null, 2);
  const head = `${row.instrument}: price ${row.price}, ${row.warm ? 'warm' : 'not warm'}, ${span(row.ageMs)} old, ${row.featureSet}`;
  return `${head}\n${tableOf([{ head: 'column' }, { head: 'value', align: 'right' }, { head: 'unit' }], features.map(({ name, value, unit }) => [name, value.toPrecision(6), unit]))}`;
}
