/** Where commands look: into a directory, at the brokers that are configured, or at a running process. */
import type { Command } from 'commander';

import type { TopicLayout } from '#proto';
import type { Queue } from '#queue';
import { openEmbeddedReader, type QueueReader } from '#queue/embedded';

import type { Config } from '../config/schema.ts';
import { createLogger } from '../runtime/logger.ts';
import { layoutOf } from '../runtime/pipeline.ts';
import { openQueue } from '../runtime/queue.ts';
import type { CliIo } from './io.ts';
import { configOf, type ConfigFlags } from './options.ts';

interface Inspected<Q extends QueueReader = QueueReader> {
  readonly queue: Q;
  readonly layout: TopicLayout;
  readonly config: Config;
}

export const WHERE =
  'Looks into the directory of --data where it is given; at the process of --url where that is given; at the brokers where\nqueue.driver is kafka; else at the process on http://127.0.0.1:8080.';

/**
 * Null: a running process is to be asked, since the embedded queue belongs to it. Where a directory is given it holds one, whatever else is configured.
 *
 * @param asks whether one can be
 */
async function localConfig(io: CliIo, flags: ConfigFlags, command: Command, asks: boolean): Promise<Config | null> {
  const canAsk = asks && flags.data === undefined;
  if (canAsk && command.getOptionValueSource('url') === 'cli') return null;
  const { config } = await configOf(io, flags, flags.data === undefined ? {} : { 'queue.driver': 'embedded' }, {});
  return canAsk && config.queue.driver === 'embedded' ? null : config;
}

/** Reads without changing anything: `local` gets the queue, `remote` is called where a process is to be asked. */
export async function inspected<T>(io: CliIo, flags: ConfigFlags, command: Command, local: (at: Inspected) => Promise<T>, remote?: () => Promise<T>): Promise<T> {
  const config = await localConfig(io, flags, command, remote !== undefined);
  if (!config) return remote!();
  const queue: QueueReader = config.queue.driver === 'embedded' ? await openEmbeddedReader(config.queue.directory) : await openQueue({ queue: config.queue, logger: createLogger(config) });
  return closing(queue, () => local({ queue, layout: layoutOf(config), config }));
}

/** The same for what writes. DATA_DIR_LOCKED when a process runs on the directory. */
export async function changed<T>(io: CliIo, flags: ConfigFlags, command: Command, local: (at: Inspected<Queue>) => Promise<T>, remote?: () => Promise<T>): Promise<T> {
  const config = await localConfig(io, flags, command, remote !== undefined);
  if (!config) return remote!();
  // Else a mistyped directory would be made. FILE_UNREADABLE when there is no queue in it.
  if (config.queue.driver === 'embedded') await (await openEmbeddedReader(config.queue.directory)).close();
  const queue = await openQueue({ queue: config.queue, logger: createLogger(config) });
  return closing(queue, () => local({ queue, layout: layoutOf(config), config }));
}

async function closing<T>(queue: QueueReader, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } finally {
    await queue.close();
  }
}
