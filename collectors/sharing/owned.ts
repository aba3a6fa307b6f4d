/**
 * A source that one process has at a time, and the others stand by for: the owner of partition 0 of `subscriptions` runs it. What it
 * emits is one commit of that task, rows and cursors together, so that a process that was given up can write nothing more.
 */
import { asForetickError, type ForetickError } from '#proto';
import { loadTable, type TaskContext } from '#queue';

import { MovingInstruments, type InstrumentSet } from '../live/instruments.ts';
import type { Source } from '../port.ts';
import { createCollector, type Collector } from '../supervisor.ts';
import { memberCollector, tellAssigned, type SharingOptions } from './member.ts';
import { SubscriptionTable, coalesced } from './subscriptions.ts';

export interface OwnedOptions extends SharingOptions {
  /** Makes the source. @param instruments null: those of its configuration */
  readonly create: (instruments: InstrumentSet | null) => Source;
  /** Whether `subscriptions` says what is collected. */
  readonly follows: boolean;
}

const OWNER = 0;

export function ownedCollector(options: OwnedOptions): Collector {
  const { queue, layout, source, create, follows } = options;
  let current: Collector | null = null;

  async function run(context: TaskContext): Promise<void> {
    if (context.partition !== OWNER) return aborted(context.signal);
    const failed = new AbortController();
    const signal = AbortSignal.any([context.signal, failed.signal]);
    const followed = follows ? await follow(signal) : null;
    const outcome: { error: ForetickError | null } = { error: null };
    const fails = (error: unknown): void => {
      outcome.error ??= asForetickError(error);
      failed.abort();
    };
    followed?.ended.catch(fails);
    const collector = createCollector({
      ...options,
      source: create(followed?.instruments ?? null),
      atomicSends: true,
      producer: () =>
        Promise.resolve({
          async send(outputs) {
            try {
              await context.commit({ outputs });
            } catch (error) {
              // A task that failed to commit is begun again from what is committed, by whoever has it then.
              fails(error);
              void collector.stop();
              throw error;
            }
          },
          close: () => Promise.resolve(),
        }),
      onFailure: fails,
    });
    current = collector;
    tellAssigned(options, Array.from({ length: layout.inputs }, (_, partition) => partition));
    try {
      if (!signal.aborted) await collector.start();
      await Promise.race([aborted(signal), collector.done]);
      await collector.stop();
    } finally {
      failed.abort();
      if (current === collector) current = null;
      tellAssigned(options, []);
    }
    if (outcome.error) throw outcome.error;
    // One that has finished has nothing more to bring; the member stays, so that no other begins it again.
    await aborted(context.signal);
  }

  async function follow(signal: AbortSignal): Promise<{ instruments: MovingInstruments; ended: Promise<void> }> {
    const table = new SubscriptionTable(layout, source);
    const instruments = new MovingInstruments();
    let loaded = false;
    const update = (): void => {
      instruments.set(table.list().map(({ symbol }) => symbol));
    };
    const soon = coalesced(update);
    const { ready, ended } = loadTable(queue, {
      topic: layout.name('subscriptions'),
      signal,
      onRecord: (record) => {
        if (table.apply(record) && loaded) soon();
      },
    });
    await ready;
    loaded = true;
    update();
    return { instruments, ended };
  }

  return memberCollector({
    options,
    run,
    status: () => current?.status() ?? null,
    stop: async () => {
      await current?.stop();
    },
  });
}

export function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener('abort', () => { resolve(); }, { once: true });
  });
}
