/** What the process gives to its live sources: clock, network, the vendors' caps, secrets, the table of instruments. */
import { readFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';

import { Secret, createLimits, createNetwork, createRedactor, systemClock, type SecretRef, type SourceEnvironment } from '#collectors';
import { fail } from '#proto';

import type { Config } from '../config/schema.ts';
import { postResolver } from './posts.ts';

export interface EnvironmentOptions {
  readonly config: Config;
  /** @default those of the process */
  readonly variables?: Readonly<Record<string, string | undefined>>;
}

/** Call `close` when all sources have stopped. */
export function sourceEnvironment({ config, variables = process.env }: EnvironmentOptions): SourceEnvironment & { close(): Promise<void> } {
  const { replicas, ca_file: caFile, max_frame_bytes: maxFrameBytes } = config.collectors;
  const network = createNetwork({ maxFrameBytes, ...(caFile !== undefined && { ca: readCa(caFile) }) });
  const redactor = createRedactor();
  const instrumentsOf = postResolver(config);
  return {
    ...(instrumentsOf && { instrumentsOf }),
    clock: systemClock,
    random: Math.random,
    limits: createLimits(systemClock, replicas),
    network,
    async secret(ref) {
      const secret = new Secret(await valueOf(ref, variables));
      redactor.add(secret);
      return secret;
    },
    redact: (text) => redactor.redact(text),
    close: () => network.close(),
  };
}

async function valueOf(ref: SecretRef, variables: Readonly<Record<string, string | undefined>>): Promise<string> {
  if ('env' in ref) {
    const value = variables[ref.env];
    if (value === undefined || value === '') throw fail('SECRET_UNREADABLE', `the environment variable ${ref.env} is not set`);
    return value;
  }
  let value: string;
  try {
    value = (await readFile(ref.file, 'utf8')).trim();
  } catch (cause) {
    throw fail('SECRET_UNREADABLE', `${ref.file} cannot be read`, { cause });
  }
  if (value === '') throw fail('SECRET_UNREADABLE', `${ref.file} is empty`);
  return value;
}

function readCa(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (cause) {
    throw fail('FILE_UNREADABLE', `${file} cannot be read`, { cause });
  }
}
