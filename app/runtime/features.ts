/** The feature set that a pipeline runs: a shipped one, with columns of the user's behind it. */
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { pathToFileURL } from 'node:url';

import { loadUserFeatures, shippedSets, type FeatureSet } from '#features';
import { fail } from '#proto';

import type { Config } from '../config/schema.ts';

/** @throws FILE_UNREADABLE, CONFIG_INVALID when the file declares none that fit */
export async function featureSetOf({ features }: Config): Promise<FeatureSet> {
  const base = shippedSets.get(features.set)!;
  return features.file === undefined ? base : userFeatures(features.file, base);
}

/** Reads and runs a file of features. FILE_UNREADABLE when that fails, CONFIG_INVALID when it declares none that fit. */
export async function userFeatures(file: string, base?: FeatureSet): Promise<FeatureSet> {
  let source: string;
  let module: unknown;
  try {
    source = readFileSync(file, 'utf8');
    module = await import(pathToFileURL(path.resolve(file)).href);
  } catch (error) {
    throw fail('FILE_UNREADABLE', `${file}: ${error instanceof Error ? error.message : String(error)}`, { cause: error });
  }
  return loadUserFeatures(module, { source, ...(base && { base }) });
}
