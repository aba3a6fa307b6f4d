/** Options that several commands share, and the configuration they give. */
import { InvalidArgumentError, type Command } from 'commander';

import type { SourceKind } from '#collectors';

import { loadConfig, readConfigFile, type LoadedConfig } from '../config/load.ts';
import { ownSourceKinds } from '../config/source-files.ts';
import type { CliIo } from './io.ts';

export const DEFAULT_CONFIG = 'foretick.yaml';

export interface ConfigFlags {
  readonly config?: string;
  readonly data?: string;
  readonly logLevel?: string;
}

export function withConfigOptions(command: Command): Command {
  return command
    .option('-c, --config <file>', `configuration file (default: ${DEFAULT_CONFIG} where there is one)`)
    .option('--log-level <level>', 'trace, debug, info, warn, error or silent (default: warn)');
}

/** Files of sources that the configuration names are run. */
export async function configOf(
  io: CliIo,
  flags: ConfigFlags,
  more: Readonly<Record<string, unknown>>,
  base: Readonly<Record<string, unknown>>,
): Promise<LoadedConfig & { readonly kinds: readonly SourceKind[] }> {
  const files = { file: flags.config, defaultFile: DEFAULT_CONFIG };
  const read = readConfigFile(files);
  const kinds = await ownSourceKinds(read);
  const loaded = loadConfig({ ...files, env: io.env, base, flags: { 'queue.directory': flags.data, 'logging.level': flags.logLevel, ...more }, kinds }, read);
  return { ...loaded, kinds };
}

export function speedArgument(text: string): number | 'max' {
  if (text === 'max') return 'max';
  const speed = Number(text);
  if (!(speed > 0) || !Number.isFinite(speed)) throw new InvalidArgumentError('a number above 0, or max');
  return speed;
}

export function timesArgument(text: string): 'kept' | 'now' {
  if (text !== 'kept' && text !== 'now') throw new InvalidArgumentError('kept or now');
  return text;
}

export function lapsArgument(text: string): number | 'forever' {
  if (text === 'forever') return 'forever';
  const laps = Number(text);
  if (!Number.isInteger(laps) || laps < 1) throw new InvalidArgumentError('a whole number above 0, or forever');
  return laps;
}

export function portArgument(text: string): number {
  const port = Number(text);
  if (!Number.isInteger(port) || port < 0 || port > 65_535) throw new InvalidArgumentError('a port, 0 to 65535');
  return port;
}
