/** `foretick up`: everything in one process. */
import type { Command } from 'commander';

import type { ForetickError } from '#proto';

import { brokersOf } from '../config/queue.ts';
import type { Config } from '../config/schema.ts';
import { isReplay } from '../config/sources.ts';
import { demoRecording, packageVersion } from '../package.ts';
import { createLogger } from '../runtime/logger.ts';
import { featureSetOf } from '../runtime/features.ts';
import { modelSpecs } from '../runtime/pipeline.ts';
import { Up } from '../runtime/up.ts';
import { EXIT, print, reportError, stopSignal, type CliIo } from './io.ts';
import { configOf, lapsArgument, portArgument, speedArgument, timesArgument, withConfigOptions, type ConfigFlags } from './options.ts';

interface UpFlags extends ConfigFlags {
  readonly speed?: number | 'max';
  readonly times?: 'kept' | 'now';
  readonly laps?: number | 'forever';
  readonly httpPort?: number;
  readonly grpcPort?: number;
  readonly json?: boolean;
}

/** What runs where nothing is configured: the recording that ships. */
const DEMO = {
  sources: [
    {
      name: 'replay',
      kind: 'replay',
      file: demoRecording.file,
      speed: 1,
      laps: 'forever',
      times: 'now',
      made_up_posts: { per_minute: 30, seed: 1, instruments: [...demoRecording.instruments] },
    },
  ],
};

export function addUp(program: Command, io: CliIo, finish: (code: number) => void): void {
  withConfigOptions(program.command('up'))
    .summary('Run everything in one process')
    .description('Run everything in one process: collect, compute features, learn, predict, serve')
    .option('-d, --data <directory>', 'where the embedded queue keeps its data (default: ./.foretick)')
    .option('--speed <n|max>', 'recorded seconds a second, of every recording', speedArgument)
    .option('--times <kept|now>', 'recorded times as they are, or moved to now', timesArgument)
    .option('--laps <n|forever>', 'how often a recording is played; only the first lap is unseen data', lapsArgument)
    .option('--http-port <port>', 'HTTP and dashboard; 0: any free one (default: 8080)', portArgument)
    .option('--grpc-port <port>', 'gRPC; 0: any free one (default: 50051)', portArgument)
    .option('--json', 'one JSON line when it runs, for scripts')
    .addHelpText(
      'after',
      `
Without a configuration it plays the recording that ships, over and over, with times moved to now.
Ctrl-C drains: batches are finished, state is checkpointed, and the next start goes on from there.
A second Ctrl-C ends the process at once; nothing that was acknowledged is lost.

Examples:
  $ foretick up
  $ foretick up --speed 10 --http-port 8081 --grpc-port 50052
  $ foretick up --config foretick.yaml --data /var/lib/foretick`,
    )
    .action(async (flags: UpFlags) => {
      finish(await runUp(io, flags));
    });
}

async function runUp(io: CliIo, flags: UpFlags): Promise<number> {
  let failure: ForetickError | undefined;
  try {
    const { config: loaded, file } = await configOf(
      io,
      flags,
      { 'serving.http.port': flags.httpPort, 'serving.grpc.port': flags.grpcPort },
      DEMO,
    );
    const config = withReplayFlags(loaded, flags);
    const stop = stopSignal(io, () => {
      if (!flags.json) io.stderr.write('draining; Ctrl-C again ends at once\n');
    });
    const failed = new AbortController();
    const version = packageVersion();
    const up = new Up({
      config,
      features: await featureSetOf(config),
      logger: createLogger(config),
      version,
      onFailure: (error) => {
        failure ??= error;
        failed.abort();
      },
    });
    const ended = AbortSignal.any([stop.signal, failed.signal]);
    const end = new Promise<void>((resolve) => {
      ended.addEventListener('abort', () => { resolve(); }, { once: true });
    });
    const addresses = await Promise.race([up.start(), end]);
    if (addresses && !ended.aborted) announce(io, { config, file, version, up, addresses, json: flags.json === true });
    if (!ended.aborted) await end;
    await up.stop();
    stop.release();
  } catch (error) {
    return reportError(io, error, flags.json === true);
  }
  return failure ? reportError(io, failure, flags.json === true) : EXIT.ok;
}

function withReplayFlags(config: Config, flags: UpFlags): Config {
  const { speed, times, laps } = flags;
  const given = { ...(speed !== undefined && { speed }), ...(laps !== undefined && { laps }), ...(times !== undefined && { times }) };
  const sources = config.sources.map((source) => (isReplay(source) ? { ...source, ...given } : source));
  return { ...config, sources };
}

function placeOf({ queue }: Config): string {
  return queue.driver === 'kafka' ? `Kafka at ${brokersOf(queue.kafka.brokers).join(', ')}` : queue.directory;
}

interface Announcement {
  readonly config: Config;
  readonly file: string | null;
  readonly version: string;
  readonly up: Up;
  readonly addresses: { readonly httpUrl: string; readonly grpcAddress: string };
  readonly json: boolean;
}

function announce(io: CliIo, { config, file, version, up, addresses, json }: Announcement): void {
  const statuses = up.collectors();
  if (json) {
    print(io, JSON.stringify({ version, http: addresses.httpUrl, grpc: addresses.grpcAddress, data: placeOf(config), sources: statuses.map(({ source }) => source) }));
    return;
  }
  const line = (label: string, text: string): void => {
    print(io, `  ${label.padEnd(14)}${text}`);
  };
  print(io, `Foretick ${version} is running.`);
  print(io);
  for (const source of config.sources) {
    if (!isReplay(source)) {
      line('live source', source.name === source.kind ? source.name : `${source.name} (${source.kind})`);
      continue;
    }
    const cursor = statuses.find((status) => status.source === source.name)?.cursor;
    const pace = source.speed === 'max' ? 'as fast as it goes' : source.speed === 1 ? 'at its own pace' : `${source.speed} times as fast`;
    const laps = source.laps === 1 ? 'once' : source.laps === 'forever' ? 'over and over' : `${source.laps} times`;
    line('recording', source.file);
    line('', `${pace}, ${laps}${source.times === 'now' ? ', times moved to now' : ''}${source.made_up_posts ? ', with made-up posts' : ''}`);
    if (cursor) line('', cursor.finished ? 'played to its end already' : `goes on at row ${cursor.row} of lap ${cursor.lap}`);
  }
  line('models', `${modelSpecs(config).map(({ name }) => name).join(', ')}: direction of the price after ${config.target.horizon / 1e6} s`);
  line('data', placeOf(config));
  if (file !== null) line('configuration', file);
  line('dashboard', addresses.httpUrl);
  line('gRPC', addresses.grpcAddress);
  print(io);
  print(io, 'Ctrl-C drains and stops; the next start goes on from there.');
}
