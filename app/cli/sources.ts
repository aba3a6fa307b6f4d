/** `foretick sources`: the live sources there are, and what each takes. */
import type { Command } from 'commander';
import { z } from 'zod';

import { SOURCE_KINDS, type SourceKind } from '#collectors';

import { readConfigFile } from '../config/load.ts';
import { ownSourceKinds } from '../config/source-files.ts';
import { EXIT, print, reportError, type CliIo } from './io.ts';
import { DEFAULT_CONFIG } from './options.ts';
import { tableOf } from './table.ts';

export function addSources(program: Command, io: CliIo, finish: (code: number) => void): void {
  program
    .command('sources')
    .summary('Live sources and their settings')
    .description('List the live sources, or describe one with all its settings')
    .argument('[kind]', 'one of them')
    .option('-c, --config <file>', `configuration whose source_files are listed, too (default: ${DEFAULT_CONFIG} where there is one)`)
    .option('--json', 'as JSON')
    .addHelpText(
      'after',
      `
A source stands in the configuration under sources, with a name, its kind and the settings shown here. Recordings are
the kind replay. Sources of your own are files that the configuration names under source_files. They are run: name only
those you trust.

Exit codes: 0 shown, 2 no source is of this kind, or a file of a source cannot be used.

Examples:
  $ foretick sources
  $ foretick sources coinbase
  $ foretick sources oanda --config examples/own-source.yaml`,
    )
    .action(async (kind: string | undefined, flags: { readonly config?: string; readonly json?: boolean }, command: Command) => {
      const json = flags.json === true;
      let kinds: readonly SourceKind[];
      try {
        kinds = [...SOURCE_KINDS, ...(await ownSourceKinds(readConfigFile({ file: flags.config, defaultFile: DEFAULT_CONFIG })))];
      } catch (error) {
        finish(reportError(io, error, json));
        return;
      }
      const shown = kind === undefined ? kinds : kinds.filter((one) => one.kind === kind);
      if (shown.length === 0) command.error(`error: no source is of kind ${kind!}; there are ${kinds.map((one) => one.kind).join(', ')}.`);
      const [first] = shown;
      if (kind === undefined) print(io, json ? JSON.stringify(shown.map(described), null, 2) : list(shown));
      else print(io, json ? JSON.stringify(described(first!), null, 2) : page(first!));
      finish(EXIT.ok);
    });
}

interface Setting {
  readonly key: string;
  readonly type: string;
  /** As written in a file; null: it must be given, or left out without a value in its place. */
  readonly fallback: string | null;
  readonly required: boolean;
  readonly description: string;
}

/** From the JSON Schema of the options: what an editor shows, and what is documented, are one. */
export function settingsOf({ options }: SourceKind): Setting[] {
  const schema = z.toJSONSchema(options, { io: 'input' }) as {
    readonly properties: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
    readonly required?: readonly string[];
  };
  return Object.entries(schema.properties).map(([key, { type, enum: values, anyOf, oneOf, default: given, description }]) => {
    const fallback = writtenFallback(options.shape[key] as z.ZodType) ?? given;
    return {
      key,
      type: Array.isArray(values) ? values.join(' | ') : typeof type === 'string' ? type : Array.isArray(anyOf ?? oneOf) ? 'one of several' : '',
      fallback: fallback === undefined ? null : typeof fallback === 'string' ? fallback : JSON.stringify(fallback),
      required: schema.required?.includes(key) === true,
      description: typeof description === 'string' ? description : '',
    };
  });
}

/** What is read where nothing is given, as it would be written; undefined: nothing. */
function writtenFallback(option: z.ZodType): unknown {
  const { success, data } = option.safeParse(undefined);
  return success && data !== undefined ? z.encode(option, data) : undefined;
}

const described = (kind: SourceKind) => ({ kind: kind.kind, ...kind.doc, settings: settingsOf(kind) });

function list(kinds: readonly SourceKind[]): string {
  return tableOf(
    [{ head: 'kind' }, { head: 'what it is', width: 44 }, { head: 'keys', width: 30 }],
    kinds.map(({ kind, doc }) => [kind, doc.title, doc.keys]),
  );
}

function page(kind: SourceKind): string {
  const { title, gives, keys, limits, gaps, licence } = kind.doc;
  const table = tableOf(
    [{ head: 'setting' }, { head: 'type', width: 18 }, { head: 'default', width: 26 }, { head: 'what it does', width: 46 }],
    settingsOf(kind).map(({ key, type, fallback, required, description }) => [key, type, required ? 'must be given' : (fallback ?? '–'), description]),
  );
  return [`${kind.kind}: ${title}`, '', `Gives     ${gives}`, `Keys      ${keys}`, `Limits    ${limits}`, `Gaps      ${gaps}`, `Licence   ${licence}`, '', table].join('\n');
}
