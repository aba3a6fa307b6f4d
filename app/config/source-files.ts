/** Files of sources of the user's own, which the configuration names under `source_files`. */
import path from 'node:path';
import { pathToFileURL } from 'node:url';

import { SOURCE_KINDS, userSource, type SourceKind } from '#collectors';
import { asForetickError, fail } from '#proto';

import { describeIssue, type YamlFile } from './yaml.ts';

/**
 * Reads and runs a file of a source.
 *
 * @throws FILE_UNREADABLE when it is not there or does not run, CONFIG_INVALID when it exports none that can be used
 */
export async function readSourceFile(file: string): Promise<SourceKind> {
  let module: unknown;
  try {
    module = await import(pathToFileURL(path.resolve(file)).href);
  } catch (error) {
    throw fail('FILE_UNREADABLE', `${file}: ${error instanceof Error ? error.message : String(error)}${hint(error)}`, { cause: error });
  }
  try {
    return userSource(module);
  } catch (error) {
    const { code, message } = asForetickError(error);
    // What its function throws is as much a fault of the file as what stands at its top.
    throw fail(code === 'CONFIG_INVALID' ? code : 'FILE_UNREADABLE', `${file}: ${message}`, { cause: error });
  }
}

function hint(error: unknown): string {
  const { code, message = '' } = error as { readonly code?: unknown; readonly message?: string };
  if (code === 'ERR_MODULE_NOT_FOUND' && message.includes("'foretick'")) {
    return '; where the package is not installed beside the file, export `source` as a function: it is given all of foretick/sources';
  }
  return code === 'ERR_UNKNOWN_FILE_EXTENSION' ? '; Node runs .js and .mjs, from 22.18 on also .ts' : '';
}

/** All of them. Two of one kind are refused. @throws as `readSourceFile` */
export async function readSourceFiles(files: readonly string[], explain = (_i: number, message: string): string => message): Promise<readonly SourceKind[]> {
  const kinds: SourceKind[] = [];
  for (const [i, file] of files.entries()) {
    try {
      const kind = await readSourceFile(file);
      const other = kinds.findIndex((one) => one.kind === kind.kind);
      if (other >= 0) throw fail('CONFIG_INVALID', `${file}: a source of kind ${kind.kind} stands in ${files[other]!}, too`);
      kinds.push(kind);
    } catch (error) {
      const { code, message } = asForetickError(error);
      throw fail(code, explain(i, message), { cause: error });
    }
  }
  return kinds;
}

/** All kinds that a configuration may use: those that ship, and those of its files. @throws as `readSourceFile` */
export async function sourceKinds({ source_files: files }: { readonly source_files: readonly string[] }): Promise<readonly SourceKind[]> {
  return [...SOURCE_KINDS, ...(await readSourceFiles(files))];
}

/** Kinds of the files that a configuration names, whatever else is wrong with it. @param read null: there is none. @throws as `readSourceFile`, with file, line and key */
export async function ownSourceKinds(read: YamlFile | null): Promise<readonly SourceKind[]> {
  const files = read?.value['source_files'];
  // Anything else is told when all of it is checked.
  if (!Array.isArray(files) || !files.every((file) => typeof file === 'string')) return [];
  return readSourceFiles(files, (i, message) => describeIssue({ code: 'custom', path: ['source_files', i], message, input: files[i] }, read));
}
