/** `foretick collect`, `features`, `train`, `serve`: the roles of `up`, each in processes of its own, as many as are wanted. */
import type { Command } from 'commander';

import { fail, type ForetickError } from '#proto';

import type { Config } from '../config/schema.ts';
import { packageVersion } from '../package.ts';
import { featureSetOf } from '../runtime/features.ts';
import { createLogger } from '../runtime/logger.ts';
import { modelSpecs } from '../runtime/pipeline.ts';
import { Up, type Role } from '../runtime/up.ts';
import { addFeatureViews } from './features.ts';
import { EXIT, print, reportError, stopSignal, type CliIo } from './io.ts';
import { configOf, portArgument, withConfigOptions, type ConfigFlags } from './options.ts';

interface RoleFlags extends ConfigFlags {
  readonly model?: readonly string[];
  readonly healthPort?: number;
  readonly httpPort?: number;
  readonly grpcPort?: number;
  readonly json?: boolean;
}

interface RoleText {
  readonly role: Role;
  readonly summary: string;
  readonly description: string;
  readonly help: string;
}

const HEALTH = '/livez, /readyz and /metrics are on the health port. Ctrl-C drains: batches are finished, state is checkpointed,\nand another process goes on from there. Needs queue.driver: kafka; `foretick up` runs everything on the embedded queue.';
const EXIT_CODES = 'Exit codes: 0 stopped as asked, 1 failed, 2 wrong use or configuration, 130 ended by a second signal.';

const TEXTS: readonly RoleText[] = [
  { role: 'collect', summary: 'Collect quotes and posts', description: 'Run the configured sources: quotes and posts into topics', help: 'Each configured source is collected by each process that runs this: run it once, or with different sources.' },
  { role: 'features', summary: 'Run a feature worker', description: 'Turn quotes and posts into feature rows', help: 'Run as many as there are partitions at most: they share them out, and a task moves when one joins, leaves or dies.' },
  { role: 'train', summary: 'Train models', description: 'Predict, wait for the label, score, learn: one consumer group a model', help: 'Without --model all configured models and the baselines are trained here. More processes than shards stand by.' },
  { role: 'serve', summary: 'Serve predictions', description: 'Serve predictions over gRPC, HTTP and the dashboard', help: 'Servers own no state: run as many as you like behind a balancer.' },
];

export function addRoles(program: Command, io: CliIo, finish: (code: number) => void): void {
  for (const { role, summary, description, help } of TEXTS) {
    const command = withConfigOptions(program.command(role)).summary(summary).description(description).option('--json', 'one JSON line when it runs, for scripts');
    if (role === 'serve') {
      command
        .option('--http-port <port>', 'HTTP and dashboard; 0: any free one (default: 8080)', portArgument)
        .option('--grpc-port <port>', 'gRPC; 0: any free one (default: 50051)', portArgument);
    } else {
      command.option('--health-port <port>', 'health and metrics; 0: any free one (default: 8081)', portArgument);
    }
    if (role === 'train') command.option('-m, --model <name...>', 'only these (default: all that are configured, and the baselines)');
    command
      .addHelpText('after', `\n${help}\n${role === 'serve' ? HEALTH.replace('the health port', 'the HTTP port') : HEALTH}\n\n${EXIT_CODES}\n\nExamples:\n  $ foretick ${role} --config examples/kafka.yaml`)
      .action(async (flags: RoleFlags) => {
        finish(await runRole(io, role, flags));
      });
    if (role === 'features') addFeatureViews(command, io, finish);
  }
}

async function runRole(io: CliIo, role: Role, flags: RoleFlags): Promise<number> {
  const json = flags.json === true;
  let failure: ForetickError | undefined;
  try {
    const ports = { 'serving.http.port': flags.httpPort, 'serving.grpc.port': flags.grpcPort, 'health.port': flags.healthPort };
    const { config } = await configOf(io, flags, ports, {});
    checkRole(config, role, flags);
    const stop = stopSignal(io, () => {
      if (!json) io.stderr.write('draining; Ctrl-C again ends at once\n');
    });
    const failed = new AbortController();
    const up = new Up({
      roles: [role],
      ...(flags.model && { models: flags.model }),
      config,
      features: await featureSetOf(config),
      logger: createLogger(config),
      version: packageVersion(),
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
    if (addresses && !ended.aborted) {
      const { httpUrl, grpcAddress } = addresses;
      print(io, json ? JSON.stringify({ role, version: packageVersion(), http: httpUrl, ...(grpcAddress && { grpc: grpcAddress }) }) : `foretick ${role} is running; ${role === 'serve' ? `dashboard ${httpUrl}, gRPC ${grpcAddress}` : `health and metrics on ${httpUrl}`}`);
    }
    if (!ended.aborted) await end;
    await up.stop();
    stop.release();
  } catch (error) {
    return reportError(io, error, json);
  }
  return failure ? reportError(io, failure, json) : EXIT.ok;
}

function checkRole(config: Config, role: Role, { model = [] }: RoleFlags): void {
  if (config.queue.driver === 'embedded') {
    throw fail('CONFIG_INVALID', `the embedded queue belongs to one process: run foretick up, or set queue.driver: kafka for foretick ${role}`);
  }
  if (role === 'collect' && config.sources.length === 0) throw fail('CONFIG_INVALID', 'no sources are configured: there is nothing to collect');
  const names = modelSpecs(config).map(({ name }) => name);
  const unknown = model.find((name) => !names.includes(name));
  if (unknown !== undefined) throw fail('CONFIG_INVALID', `no model is named ${unknown}; there are ${names.join(', ')}`);
}
