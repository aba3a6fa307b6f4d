/** Reads the configuration: the file, `FORETICK_*` over it, flags over both. */
import { readFileSync } from 'node:fs';

import { parse } from 'yaml';

import type { SourceKind } from '#collectors';
import { fail } from '#proto';

import { configJsonSchema, schemaOf, type Config } from './schema.ts';
import { describeIssue, parseYaml, type YamlFile } from './yaml.ts';

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
  /** Kinds of sources besides those that ship: see `ownSourceKinds`. @default none */
  readonly kinds?: readonly SourceKind[];
}

export interface LoadedConfig {
  readonly config: Config;
  /** The file that was read, or null. */
  readonly file: string | null;
}

const PREFIX = 'FORETICK_';

/**
 * @param read the file, where it was read before
 *
 * @throws CONFIG_INVALID with every problem, each with file, line and key
 */
export function loadConfig(sources: ConfigSources, read = readConfigFile(sources)): LoadedConfig {
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
  const result = schemaOf(sources.kinds ?? []).safeParse(value);
  if (result.success) return { config: result.data, file: read?.file ?? null };
  const problems = result.error.issues.map((issue) => describeIssue(issue, read, origin));
  throw fail('CONFIG_INVALID', problems.join('\n'), { details: { problems } });
}

/** Null: there is none. @throws FILE_UNREADABLE, CONFIG_INVALID when it is no YAML */
export function readConfigFile(sources: Pick<ConfigSources, 'file' | 'defaultFile'>): YamlFile | null {
  const file = sources.file ?? sources.defaultFile;
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (cause) {
    if (sources.file === undefined && (cause as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw fail('FILE_UNREADABLE', `the configuration ${file} cannot be read`, { cause });
  }
  return parseYaml(file, text);
}

function envValue(name: string, text: string): unknown {
  try {
    return parse(text);
  } catch (cause) {
    throw fail('CONFIG_INVALID', `${name}: not a value: ${text}`, { cause });
  }
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

interface SettingSchema {
  readonly type?: string;
  readonly properties?: Readonly<Record<string, SettingSchema>>;
}

/** `FORETICK_SERVING_HTTP_PORT` → serving.http.port, for every setting that is not in a list. */
function envPaths({ properties = {} }: SettingSchema, path: readonly string[] = []): [string, readonly string[]][] {
  return Object.entries(properties).flatMap(([key, child]): [string, readonly string[]][] => {
    const here = [...path, key];
    if (child.properties) return envPaths(child, here);
    return child.type === 'array' ? [] : [[PREFIX + here.join('_').toUpperCase(), here]];
  });
}

const ENV_PATHS: ReadonlyMap<string, readonly string[]> = new Map(envPaths(configJsonSchema() as SettingSchema));
