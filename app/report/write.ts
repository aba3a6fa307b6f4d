/** Writes the report of a run. */
import { createHash } from 'node:crypto';
import { access, constants, rename, stat, writeFile } from 'node:fs/promises';
import path from 'node:path';

import { classNames } from '#processing';
import { fail } from '#proto';

import type { RunResults } from '../backtest/results.ts';
import { configAsWritten, type Config } from '../config/schema.ts';
import { packageVersion } from '../package.ts';
import { targetOf } from '../runtime/pipeline.ts';
import type { Breakdown } from './breakdown.ts';
import { reportData } from './data.ts';
import { reportHtml } from './html.ts';

/** Before a long run: whether its report can be written. @throws FILE_UNWRITABLE */
export async function checkWritable(file: string): Promise<void> {
  const directory = path.dirname(path.resolve(file));
  try {
    await access(directory, constants.W_OK);
    const there = await stat(file).catch(() => null); // A report that is not there yet is the usual case.
    if (there?.isDirectory()) throw new Error('it is a directory');
  } catch (cause) {
    throw fail('FILE_UNWRITABLE', `${file} cannot be written: ${cause instanceof Error ? cause.message : String(cause)}`, { cause });
  }
}

export interface ReportOptions {
  readonly results: RunResults;
  readonly breakdown: Breakdown | undefined;
  readonly config: Config;
  readonly title: string;
  readonly about: readonly (readonly [string, string])[];
}

export async function writeReport(file: string, { breakdown, config, ...rest }: ReportOptions): Promise<void> {
  if (!breakdown) throw fail('INTERNAL', 'the run was not broken down');
  const html = reportHtml(reportData({ ...rest, config, breakdown, classes: classNames(targetOf(config)) }));
  await writeFile(`${file}.new`, html);
  await rename(`${file}.new`, file);
}

/** What was run, in a few words. */
export function aboutRun(file: string, config: Config, results: RunResults): [string, string][] {
  const { horizon, dead_band_bps, classes } = config.target;
  const { target, features, models, posts, topics } = configAsWritten(config);
  const decisive = JSON.stringify({ target, features, models, posts, topics });
  return [
    ['recording', file],
    ['predicted', `direction after ${horizon / 1e6} s${classes === 3 ? `, flat within ${dead_band_bps} bps` : ''}`],
    ['rows', results.features.rows.toLocaleString('en-US')],
    ['features', config.features.file === undefined ? config.features.set : `${config.features.set} and ${config.features.file}`],
    ['configuration', createHash('sha256').update(decisive).digest('hex').slice(0, 12)],
    ['Foretick', packageVersion()],
  ];
}
