/** YAML files whose problems are told with file, line and key. */
import { readFileSync } from 'node:fs';

import { LineCounter, isNode, parseDocument, type Document } from 'yaml';
import type { z } from 'zod';

import { fail } from '#proto';

export interface YamlFile {
  readonly file: string;
  readonly document: Document;
  readonly lines: LineCounter;
  /** What it says; {} for an empty file. */
  readonly value: Readonly<Record<string, unknown>>;
}

/** @throws CONFIG_INVALID when the text is not YAML, or not keys and values */
export function parseYaml(file: string, text: string): YamlFile {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines });
  const [error] = document.errors;
  if (error) throw fail('CONFIG_INVALID', `${file}:${lines.linePos(error.pos[0]).line}: ${error.message}`, { cause: error });
  const js = plain(document, file);
  if (js !== null && (typeof js !== 'object' || Array.isArray(js))) {
    throw fail('CONFIG_INVALID', `${file}:1: the file must hold keys and values`);
  }
  return { file, document, lines, value: (js ?? {}) as Readonly<Record<string, unknown>> };
}

/** A file of this schema. @throws FILE_UNREADABLE; CONFIG_INVALID with every problem */
export function readYaml<T extends z.ZodType>(file: string, schema: T): z.output<T> {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (cause) {
    throw fail('FILE_UNREADABLE', `${file} cannot be read`, { cause });
  }
  const read = parseYaml(file, text);
  const result = schema.safeParse(read.value);
  if (result.success) return result.data;
  const problems = result.error.issues.map((issue) => describeIssue(issue, read));
  throw fail('CONFIG_INVALID', problems.join('\n'), { details: { problems } });
}

/** @param origin what gave a value that is not the file's, by dotted path */
export function describeIssue(issue: z.core.$ZodIssue, read: YamlFile | null, origin?: ReadonlyMap<string, string>): string {
  const path = issue.path.map(String);
  const key = issue.code === 'unrecognized_keys' ? [...path, issue.keys[0] ?? ''] : path;
  const message = issue.code === 'unrecognized_keys' ? 'unknown key' : issue.message;
  const dotted = key.join('.');
  const given = origin?.get(dotted);
  if (given !== undefined) return `${given}: ${dotted}: ${message}`;
  const where = read ? `${read.file}${lineOf(read, key)}: ` : '';
  return `${where}${dotted === '' ? 'configuration' : dotted}: ${message}`;
}

/** An unknown alias, or aliases that unfold without end, are only found here. */
function plain(document: Document, file: string): unknown {
  try {
    return document.toJS();
  } catch (cause) {
    throw fail('CONFIG_INVALID', `${file}: ${cause instanceof Error ? cause.message : String(cause)}`, { cause });
  }
}

/** Line of a key, or of the nearest of its parents that stands in the file. */
function lineOf({ document, lines }: YamlFile, path: readonly string[]): string {
  for (let length = path.length; length > 0; length--) {
    const keys = path.slice(0, length).map((part) => (/^\d+$/.test(part) ? Number(part) : part));
    const node = document.getIn(keys, true);
    if (isNode(node) && node.range) return `:${lines.linePos(node.range[0]).line}`;
  }
  return '';
}
