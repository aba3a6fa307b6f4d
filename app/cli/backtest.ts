/** `foretick backtest`: a recording through the whole pipeline, as fast as it goes. */
import path from 'node:path';

import { SingleBar } from 'cli-progress';
import { InvalidArgumentError, type Command } from 'commander';

import { fail } from '#proto';

import { runBacktest } from '../backtest/run.ts';
import { resultsTable } from '../backtest/table.ts';
import { aboutRun, checkWritable, writeReport } from '../report/write.ts';
import { createLogger } from '../runtime/logger.ts';
import { EXIT, print, reportError, stopSignal, type CliIo } from './io.ts';
import { configOf, lapsArgument, speedArgument, withConfigOptions, type ConfigFlags } from './options.ts';

interface BacktestFlags extends ConfigFlags {
  readonly data: string;
  readonly mapping?: string;
  readonly instrument?: string;
  readonly speed: number | 'max';
  readonly laps: number | 'forever';
  readonly posts?: string;
  readonly postsMapping?: string;
  readonly madeUpPosts?: number;
  readonly postsAbout?: string;
  readonly instruments?: string;
  readonly report?: string;
  readonly json?: boolean;
}

export function addBacktest(program: Command, io: CliIo, finish: (code: number) => void): void {
  withConfigOptions(program.command('backtest'))
    .summary('Score models on a recording')
    .description('Run a recording through the whole pipeline and report how good the predictions were')
    .argument('<file>', 'CSV or NDJSON, plain or gzip')
    .requiredOption('-d, --data <directory>', 'holds the run; the same command goes on where it stopped')
    .option('--mapping <name>', 'column mapping; left out: the one that fits the columns')
    .option('--instrument <id>', 'for recordings of one instrument that do not name it, fxcm:EUR-USD')
    .option('--speed <n|max>', 'recorded seconds a second; results do not depend on it', speedArgument, 'max')
    .option('--laps <n>', 'how often it is played; only the first lap is unseen data', lapsArgument, 1)
    .option('--posts <file>', 'recorded posts, CSV or NDJSON, played with the rows that were received around them')
    .option('--posts-mapping <name>', 'their column mapping; left out: the one that fits the columns')
    .option('--instruments <table>', 'which words of a post name which instruments (default: what the posts say themselves)')
    .option('--made-up-posts <perMinute>', 'posts made up by a generator, a minute of recorded time', rateArgument)
    .option('--posts-about <ids>', 'instruments they are about, with commas between (default: that of --instrument)')
    .option('--report <file>', 'writes one self-contained HTML page: metrics over time, by instrument, by hour, calibration')
    .option('--json', 'results as JSON')
    .addHelpText(
      'after',
      `
Every row is predicted before anything is learned from it. The report compares each model with the better of two
baselines, class prior and persistence, and gives a 95 % interval of the log-loss difference: below 0 is better. The
digests are equal for equal results: run it twice, or interrupt it and run it again, and compare.

Exit codes: 0 finished, 1 failed, 2 wrong use or configuration, 130 interrupted (the same command goes on).

Examples:
  $ foretick backtest examples/recordings/binance_spot_l1_trades_20250325.csv.gz --data runs/binance \\
      --report runs/binance.html
  $ foretick backtest eurusd.csv.gz --instrument fxcm:EUR-USD --data runs/eurusd --json
  $ foretick backtest daily.csv --posts tweets.ndjson.gz --instruments examples/instruments.yaml --data runs/tweets`,
    )
    .action(async (file: string, flags: BacktestFlags) => {
      finish(await backtest(io, file, flags));
    });
}

function rateArgument(text: string): number {
  const rate = Number(text);
  if (!(rate > 0) || !Number.isFinite(rate)) throw new InvalidArgumentError('a number above 0');
  return rate;
}

async function backtest(io: CliIo, file: string, flags: BacktestFlags): Promise<number> {
  const json = flags.json === true;
  const stop = stopSignal(io, () => undefined);
  const bar = json || io.stderr.isTTY !== true ? null : progressBar(io);
  try {
    const { report } = flags;
    if (report !== undefined) await checkWritable(report);
    const { config } = await configOf(io, flags, { sources: [sourceOf(file, flags)], 'posts.instruments': flags.instruments, 'queue.driver': 'embedded' }, {});
    const result = await runBacktest({
      config,
      logger: createLogger(config),
      signal: stop.signal,
      breakdown: report !== undefined,
      onProgress: ({ bytesRead, totalBytes, row, lap }) => {
        bar?.update(Math.min(1, bytesRead / Math.max(1, totalBytes)), { row, lap });
      },
    });
    bar?.stop();
    if (!result.finished) {
      io.stderr.write('interrupted; the same command goes on from here\n');
      return EXIT.interrupted;
    }
    print(io, json ? JSON.stringify(result.results, null, 2) : resultsTable(result.results, config));
    if (report !== undefined) {
      await writeReport(report, { ...result, config, title: path.basename(file), about: aboutRun(file, config, result.results) });
      if (!json) print(io, `Report: ${report}`);
    }
    return EXIT.ok;
  } catch (error) {
    bar?.stop();
    return reportError(io, error, json);
  } finally {
    stop.release();
  }
}

function sourceOf(file: string, flags: BacktestFlags): Record<string, unknown> {
  const { mapping, instrument, speed, laps, posts, postsMapping, madeUpPosts, postsAbout = instrument } = flags;
  if (madeUpPosts !== undefined && postsAbout === undefined) {
    throw fail('CONFIG_INVALID', 'made-up posts need instruments to be about: give --posts-about');
  }
  return {
    name: 'backtest',
    kind: 'replay',
    file,
    speed,
    laps,
    times: 'kept',
    ...(mapping !== undefined && { mapping }),
    ...(instrument !== undefined && { instrument }),
    ...(posts !== undefined && { posts: { file: posts, ...(postsMapping !== undefined && { mapping: postsMapping }) } }),
    ...(madeUpPosts !== undefined && { made_up_posts: { per_minute: madeUpPosts, instruments: postsAbout?.split(',') } }),
  };
}

function progressBar(io: CliIo): SingleBar {
  const bar = new SingleBar({
    format: '{bar} {percentage}% of the recording, row {row}, lap {lap}',
    stream: io.stderr,
    hideCursor: true,
    clearOnComplete: true,
  });
  bar.start(1, 0, { row: 0, lap: 1 });
  return bar;
}
