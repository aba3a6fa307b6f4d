/** `foretick sources`: the live sources there are, and what each takes. */
import { InvalidArgumentError, type Command } from 'commander';
import { z } from 'zod';

import { SOURCE_KINDS, type SourceKind } from '#collectors';

import { EXIT, print, type CliIo } from './io.ts';
import { tableOf } from './table.ts';

export function addSources(program: Command, io: CliIo, finish: (code: number) => void): void {
  program
    .command('sources')
    .summary('Live sources and their settings')
    .description('List the live sources, or describe one with all its settings')
    .argument('[kind]', 'one of them', kindArgument)
    .option('--json', 'as JSON')
    .addHelpText(
      'after',
      `
A source stands in the configuration under sources, with a name, its kind and the settings shown here. Recordings are
the kind replay.

Exit codes: 0 shown, 2 no source is of this kind.

Examples:
  $ foretick sources
  $ foretick sources coinbase`,
    )
    .action((kind: SourceKind | undefined, flags: { readonly json?: boolean }) => {
      const json = flags.json === true;
      if (kind) print(io, json ? JSON.stringify(described(kind), null, 2) : page(kind));
      else print(io, json ? JSON.stringify(SOURCE_KINDS.map(described), null, 2) : list());
      finish(EXIT.ok);
    });
}

function kindArgument(text: string): SourceKind {
  const found = SOURCE_KINDS.find(({ kind }) => kind === text);
  if (!found) throw new InvalidArgumentError(`there are ${SOURCE_KINDS.map(({ kind }) => kind).join(', ')}.`);
  return found;
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

function list(): string {
  return tableOf(
    [{ head: 'kind' }, { head: 'what it is', width: 44 }, { head: 'keys', width: 30 }],
    SOURCE_KINDS.map(({ kind, doc }) => [kind, doc.title, doc.keys]),
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
