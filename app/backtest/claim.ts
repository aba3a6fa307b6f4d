/** A data directory belongs to one run: what was worked through, and under which settings. */
import { createHash } from 'node:crypto';
import { mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import type { FeatureSet } from '#features';
import { fail } from '#proto';

import type { Config } from '../config/schema.ts';

export interface RunIdentity {
  /** Digest of what is worked through. */
  readonly recording: string;
  /** See configurationDigest. */
  readonly configuration: string;
}

export const digestOf = (value: unknown): string => createHash('sha256').update(JSON.stringify(value)).digest('hex');

/** Of every setting that results depend on. @param more those of the source */
export function configurationDigest(config: Config, { id }: FeatureSet, more: Readonly<Record<string, unknown>>): string {
  const { topics: { prefix, partitions, shards }, features, target, models, training } = config;
  return digestOf({ prefix, partitions, shards, set: id, features, target, models, training, ...more });
}

/** Marks the directory as this run's, or checks that it is: RUN_MISMATCH when it is another's. */
export async function claimDirectory(directory: string, { recording, configuration }: RunIdentity): Promise<void> {
  const path = join(directory, 'run.json');
  let before: string | undefined;
  try {
    before = await readFile(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw fail('FILE_UNREADABLE', `${path} cannot be read`, { cause: error });
  }
  const now = JSON.stringify({ version: 1, recording, configuration });
  if (before === now) return;
  if (before !== undefined) throw fail('RUN_MISMATCH', `${directory} holds a run of another recording or configuration`);
  await mkdir(directory, { recursive: true });
  await writeFile(`${path}.new`, now, { flush: true });
  await rename(`${path}.new`, path);
}
