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

/** Whether a running process is asked: the embedded queue belongs to it. */
async function isRemote(io: CliIo, flags: ConfigFlags, command: Command): Promise<boolean> {
  if (flags.data !== undefined) return false;
  return command.getOptionValueSource('url') === 'cli' || (await configOf(io, flags, {}, {})).config.queue.driver === 'embedded';
}

/** Reads without changing anything: `local` gets the queue, `remote` is called where a process is to be asked. */
export async function inspected<T>(io: CliIo, flags: ConfigFlags, command: Command, local: (at: Inspected) => Promise<T>, remote?: () => Promise<T>): Promise<T> {
  if (remote && await isRemote(io, flags, command)) return remote();
  const config = await configFor(io, flags);
  const queue: QueueReader = config.queue.driver === 'embedded' ? await openEmbeddedReader(config.queue.directory) : await openQueue({ queue: config.queue, logger: createLogger(config) });
  return closing(queue, () => local({ queue, layout: layoutOf(config), config }));
}

/** The same for what writes. DATA_DIR_LOCKED when a process runs on the directory. */
export async function changed<T>(io: CliIo, flags: ConfigFlags, command: Command, local: (at: Inspected<Queue>) => Promise<T>, remote?: () => Promise<T>): Promise<T> {
  if (remote && await isRemote(io, flags, command)) return remote();
  const config = await configFor(io, flags);
  // Else a mistyped directory would be made. FILE_UNREADABLE when there is no queue in it.
  if (config.queue.driver === 'embedded') await (await openEmbeddedReader(config.queue.directory)).close();
  const queue = await openQueue({ queue: config.queue, logger: createLogger(config) });
  return closing(queue, () => local({ queue, layout: layoutOf(config), config }));
}

/** A directory holds an embedded queue, whatever else is configured. */
async function configFor(io: CliIo, flags: ConfigFlags): Promise<Config> {
  return (await configOf(io, flags, flags.data === undefined ? {} : { 'queue.driver': 'embedded' }, {})).config;
}

async function closing<T>(queue: QueueReader, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } finally {
    await queue.close();
  }
}
