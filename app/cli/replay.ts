/** `foretick replay`: recorded history through the whole pipeline again. */
import { join, resolve } from 'node:path';

import { InvalidArgumentError, type Command } from 'commander';

import { fail } from '#proto';

import { configurationDigest, digestOf } from '../backtest/claim.ts';
import { runReplay, type HistoryPlace, type ReplayResult } from '../backtest/replay.ts';
import { resultsTable } from '../backtest/table.ts';
import { brokersOf } from '../config/queue.ts';
import type { Config } from '../config/schema.ts';
import { aboutRun, checkWritable, writeReport } from '../report/write.ts';
import { featureSetOf } from '../runtime/features.ts';
import { createLogger } from '../runtime/logger.ts';
import { openQueue } from '../runtime/queue.ts';
import { EXIT, print, reportError, stopSignal, type CliIo } from './io.ts';
import { configOf, withConfigOptions, type ConfigFlags } from './options.ts';
import { count } from './table.ts';

interface ReplayFlags extends ConfigFlags {
  readonly data?: string;
  readonly from?: number;
  readonly to?: number;
  readonly into?: string;
  readonly report?: string;
  readonly json?: boolean;
}

export function addReplay(program: Command, io: CliIo, finish: (code: number) => void): void {
  withConfigOptions(program.command('replay'))
    .summary('Score models on recorded history')
    .description('Run the recorded history of a data directory, or of Kafka, through the pipeline again, with these settings')
    .option('-d, --data <directory>', 'whose quotes and posts are replayed; it is only read, a running process may hold it (default: the brokers of the configuration, where queue.driver is kafka)')
    .option('--from <time>', 'received from then on: ISO 8601, or microseconds since the epoch', timeArgument)
    .option('--to <time>', 'received before then', timeArgument)
    .option('--into <directory>', 'holds the run (default: one of its own under .foretick-runs)')
    .option('--report <file>', 'writes one self-contained HTML page, as backtest does')
    .option('--json', 'results as JSON')
    .addHelpText(
      'after',
      `
The report is that of backtest, and so are the digests: a replay of a finished run with the same settings gives the same
ones. What retention has taken is not there; the report says from when to when there was history.

Exit codes: 0 finished, 1 failed, 2 wrong use or configuration, 130 interrupted (the same command goes on).

Examples:
  $ foretick replay --data .foretick
  $ foretick replay --data .foretick --config other-models.yaml --from 2025-03-25T00:00:00Z --json
  $ foretick replay --config examples/kafka.yaml --from 2025-03-25T00:00:00Z --to 2025-03-26T00:00:00Z`,
    )
    .action(async (flags: ReplayFlags) => {
      finish(await replay(io, flags));
    });
}

function timeArgument(text: string): number {
  const us = /^\d{1,16}$/.test(text) ? Number(text) : /^\d{4}-\d\d-\d\d/.test(text) ? Date.parse(text) * 1000 : Number.NaN;
  if (!Number.isSafeInteger(us)) throw new InvalidArgumentError('an ISO 8601 time, or microseconds since the epoch');
  return us;
}

async function replay(io: CliIo, flags: ReplayFlags): Promise<number> {
  const json = flags.json === true;
  const stop = stopSignal(io, () => undefined);
  try {
    if (flags.report !== undefined) await checkWritable(flags.report);
    const { from = 0, to = Number.MAX_SAFE_INTEGER } = flags;
    const { config: loaded } = await configOf(io, { ...flags, data: flags.into ?? 'unused' }, { sources: [], ...(flags.data !== undefined && { 'queue.driver': 'embedded' }) }, {});
    const place = placeOf(flags, loaded);
    const name = 'name' in place ? place.name : resolve(place.directory);
    const directory = flags.into ?? join('.foretick-runs', `replay-${digestOf([name, from, to, configurationDigest(loaded, await featureSetOf(loaded), {})]).slice(0, 12)}`);
    const config: Config = { ...loaded, queue: { ...loaded.queue, driver: 'embedded', directory } };
    const result = await runReplay({ config, logger: createLogger(config), signal: stop.signal, from: place, span: { from, to }, breakdown: flags.report !== undefined });
    return await report(io, result, config, { ...flags, history: name });
  } catch (error) {
    return reportError(io, error, json);
  } finally {
    stop.release();
  }
}

function placeOf({ data }: ReplayFlags, config: Config): HistoryPlace {
  if (data !== undefined) return { directory: data };
  const { queue, topics } = config;
  if (queue.driver !== 'kafka') throw fail('CONFIG_INVALID', 'whose history? --data names a directory; without it the configuration must say queue.driver: kafka');
  return { name: `${topics.prefix} at ${brokersOf(queue.kafka.brokers).sort().join(', ')}`, open: () => openQueue({ queue, logger: createLogger(config) }) };
}

async function report(io: CliIo, result: ReplayResult, config: Config, { json, report: page, history }: ReplayFlags & { readonly history: string }): Promise<number> {
  if (!result.finished) {
    io.stderr.write('interrupted; the same command goes on from here\n');
    return EXIT.interrupted;
  }
  const { results, replayed } = result;
  if (page !== undefined) await writeReport(page, { ...result, config, title: `History of ${history}`, about: aboutRun(history, config, results) });
  if (json === true) {
    print(io, JSON.stringify({ ...results, replayed: { ...replayed, directory: config.queue.directory } }, null, 2));
    return EXIT.ok;
  }
  const iso = (us: number): string => new Date(us / 1000).toISOString();
  const what = replayed.toUs === 0 ? 'There was no history to replay' : `Replayed ${count(replayed.records)} records, received from ${iso(replayed.fromUs)} to ${iso(replayed.toUs)}`;
  print(io, `${what}; the run is in ${config.queue.directory}.`);
  print(io, resultsTable(results, config));
  if (page !== undefined) print(io, `Report: ${page}`);
  return EXIT.ok;
}
