/** Reads the configuration: the file, `FORETICK_*` over it, flags over both. */
import { readFileSync } from 'node:fs';

import { LineCounter, isNode, parse, parseDocument, type Document } from 'yaml';
import type { z } from 'zod';

import { fail } from '#proto';

import { configSchema, type Config } from './schema.ts';

export interface ConfigSources {
  /** Path given by a flag: must exist. */
  readonly file?: string | undefined;
  /** Path tried when none is given. */
  readonly defaultFile: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Values by dotted path, `serving.http.port`. */
  readonly flags: Readonly<Record<string, unknown>>;
  /** What holds where file, environment and flags say nothing. */
  readonly base?: Readonly<Record<string, unknown>>;
}

export interface LoadedConfig {
  readonly config: Config;
  /** The file that was read, or null. */
  readonly file: string | null;
}

const PREFIX = 'FORETICK_';

/** @throws CONFIG_INVALID with every problem, each with file, line and key */
export function loadConfig(sources: ConfigSources): LoadedConfig {
  const lines = new LineCounter();
  const read = readFile(sources, lines);
  const origin = new Map<string, string>();
  const value: Record<string, unknown> = { ...structuredClone(sources.base ?? {}), ...read?.value };
  for (const [name, text] of Object.entries(sources.env)) {
    if (!name.startsWith(PREFIX) || text === undefined) continue;
    const path = ENV_PATHS.get(name);
    if (!path) throw fail('CONFIG_INVALID', `${name}: no such setting; ${PREFIX}* are ${[...ENV_PATHS.keys()].join(', ')}`);
    set(value, path, envValue(name, text));
    origin.set(path.join('.'), name);
  }
  for (const [path, given] of Object.entries(sources.flags)) {
    if (given === undefined) continue;
    set(value, path.split('.'), given);
    origin.set(path, 'command line');
  }
  const result = configSchema.safeParse(value);
  if (result.success) return { config: result.data, file: read?.file ?? null };
  const problems = result.error.issues.map((issue) => describe(issue, read, lines, origin));
  throw fail('CONFIG_INVALID', problems.join('\n'), { details: { problems } });
}

interface FileRead {
  readonly file: string;
  readonly document: Document;
  readonly value: Readonly<Record<string, unknown>>;
}

function readFile(sources: ConfigSources, lines: LineCounter): FileRead | null {
  const file = sources.file ?? sources.defaultFile;
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (cause) {
    if (sources.file === undefined && (cause as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw fail('FILE_UNREADABLE', `the configuration ${file} cannot be read`, { cause });
  }
  const document = parseDocument(text, { lineCounter: lines });
  const [error] = document.errors;
  if (error) throw fail('CONFIG_INVALID', `${file}:${lines.linePos(error.pos[0]).line}: ${error.message}`, { cause: error });
  const js = plain(document, file);
  if (js !== null && (typeof js !== 'object' || Array.isArray(js))) {
    throw fail('CONFIG_INVALID', `${file}:1: the file must hold keys and values`);
  }
  return { file, document, value: (js ?? {}) as Readonly<Record<string, unknown>> };
}

/** An unknown alias, or aliases that unfold without end, are only found here. */
function plain(document: Document, file: string): unknown {
  try {
    return document.toJS();
  } catch (cause) {
    throw fail('CONFIG_INVALID', `${file}: ${cause instanceof Error ? cause.message : String(cause)}`, { cause });
  }
}

function envValue(name: string, text: string): unknown {
  try {
    return parse(text);
  } catch (cause) {
    throw fail('CONFIG_INVALID', `${name}: not a value: ${text}`, { cause });
  }
}

function describe(issue: z.core.$ZodIssue, read: FileRead | null, lines: LineCounter, origin: ReadonlyMap<string, string>): string {
  const path = issue.path.map(String);
  const key = issue.code === 'unrecognized_keys' ? [...path, issue.keys[0] ?? ''] : path;
  const message = issue.code === 'unrecognized_keys' ? 'unknown key' : issue.message;
  const dotted = key.join('.');
  const given = origin.get(dotted);
  if (given !== undefined) return `${given}: ${dotted}: ${message}`;
  const where = read ? `${read.file}${lineOf(read.document, key, lines)}: ` : '';
  return `${where}${dotted === '' ? 'configuration' : dotted}: ${message}`;
}

/** Line of a key, or of the nearest of its parents that stands in the file. */
function lineOf(document: Document, path: readonly string[], lines: LineCounter): string {
  for (let length = path.length; length > 0; length--) {
    const keys = path.slice(0, length).map((part) => (/^\d+$/.test(part) ? Number(part) : part));
    const node = document.getIn(keys, true);
    if (isNode(node) && node.range) return `:${lines.linePos(node.range[0]).line}`;
  }
  return '';
}

function set(target: Record<string, unknown>, path: readonly string[], value: unknown): void {
  let at = target;
  for (const key of path.slice(0, -1)) {
    const next = at[key];
    at[key] = typeof next === 'object' && next !== null ? { ...next } : {};
    at = at[key] as Record<string, unknown>;
  }
  at[path.at(-1)!] = value;
}

/** `FORETICK_SERVING_HTTP_PORT` → serving.http.port, for every setting that is not in a list. */
function envPaths(value: object, path: readonly string[] = []): [string, readonly string[]][] {
  return Object.entries(value).flatMap(([key, child]: [string, unknown]) => {
    const here = [...path, key];
    if (Array.isArray(child)) return [];
    if (typeof child === 'object' && child !== null) return envPaths(child, here);
    return [[PREFIX + here.join('_').toUpperCase(), here]];
  });
}

const ENV_PATHS: ReadonlyMap<string, readonly string[]> = new Map(envPaths(configSchema.parse({})));
