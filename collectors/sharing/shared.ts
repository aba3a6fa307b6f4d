/**
 * A source whose instruments are spread over processes: each collects those of the partitions of `subscriptions` that the group gives it.
 *
 * The rows of a partition, how far its instruments got, and up to when it was collected are commits of its task: a process that was given up
 * cannot write them any more, and the next owner goes on from exactly what was published. Sockets stay: instruments that come
 * and go are subscribed to and unsubscribed from on those that stand.
 */
import { asForetickError, type ForetickError, type Subscription } from '#proto';
import { loadTable, type Producer, type TaskContext } from '#queue';

import { hasAborted } from '../clock.ts';
import { cursorReader } from '../cursors.ts';
import { MovingInstruments, type InstrumentSet } from '../live/instruments.ts';
import type { Source } from '../port.ts';
import { ANY_SHARE, shareName, type PublishedRecord } from '../publish.ts';
import { createCollector, type Collector } from '../supervisor.ts';
import { memberCollector, tellAssigned, type SharingOptions } from './member.ts';
import { aborted } from './owned.ts';
import { SubscriptionTable, coalesced } from './subscriptions.ts';

export interface SharedOptions extends SharingOptions {
  readonly create: (instruments: InstrumentSet) => Source;
}

/** The part of the work that is one partition's, while this process has it. */
interface Share {
  readonly context: TaskContext;
  readonly table: SubscriptionTable;
  /** Up to when it was collected before the source began on it, microseconds; 0: never. */
  covered: number;
  /** Up to when it is published by now. */
  published: number;
  /** Rows may be written: it was not lost, nor handed over. */
  held: boolean;
  /** Its commits failed: the task ends, and is begun again by whoever has it then. */
  readonly lose: (error: ForetickError) => void;
}

export function sharedCollector(options: SharedOptions): Collector {
  const { queue, layout, source, create } = options;
  const cursors = cursorReader(queue, layout, source);
  const shares = new Map<number, Share>();
  const since = new Map<string, { readonly share: number; readonly sinceUs: number }>();
  const moving = new MovingInstruments();
  const instruments: InstrumentSet = {
    current: () => moving.current(),
    changed: (signal) => moving.changed(signal),
    applied: (symbols) => { moving.applied(symbols); },
    covered(instrument) {
      const of = since.get(instrument);
      const covered = of === undefined ? 0 : (shares.get(of.share)?.covered ?? 0);
      // What is asked for since then was not collected before.
      return of !== undefined && of.sinceUs <= covered ? covered : 0;
    },
  };
  let anything: Producer | null = null;

  const inner = createCollector({
    ...options,
    source: whileRunning(create(instruments), moving, () => {
      for (const share of shares.values()) share.covered = share.published;
    }),
    atomicSends: true,
    holds: (partition) => shares.get(partition)?.held === true,
    producer: () => Promise.resolve({ send: write, close: async () => anything?.close() }),
    onPublished: (emission, rejections) => {
      for (const share of shares.values()) if (share.held && emission.cursor) share.published = emission.cursor.receiptTimeUs;
      options.onPublished?.(emission, rejections);
    },
    onFailure: (error) => {
      for (const share of shares.values()) share.lose(error);
      if (shares.size === 0) options.onFailure?.(error);
    },
  });

  /** What is of no partition comes first: it is said twice rather than not at all. */
  async function write(records: readonly PublishedRecord[]): Promise<void> {
    const parts = new Map<number, PublishedRecord[]>();
    for (const record of records) {
      const part = parts.get(record.share);
      if (part) part.push(record);
      else parts.set(record.share, [record]);
    }
    const any = parts.get(ANY_SHARE);
    if (any) {
      anything ??= await queue.producer();
      await anything.send(any);
      parts.delete(ANY_SHARE);
    }
    await Promise.all([...parts].map(([partition, part]) => commit(partition, part)));
  }

  async function commit(partition: number, outputs: readonly PublishedRecord[]): Promise<void> {
    const share = shares.get(partition);
    if (!share?.held) return;
    try {
      await share.context.commit({ outputs });
    } catch (error) {
      // Of this partition alone: it goes on from what is committed, here or elsewhere. The others lost nothing.
      share.lose(asForetickError(error));
    }
  }

  /** One after another: a partition that comes back waits until it was let go. */
  const letGo = new Map<number, Promise<void>>();

  async function run(context: TaskContext): Promise<void> {
    const { partition } = context;
    await letGo.get(partition);
    const ending = new AbortController();
    const failed: { error: ForetickError | null } = { error: null };
    const signal = AbortSignal.any([context.signal, ending.signal]);
    const share: Share = {
      context,
      table: new SubscriptionTable(layout, source),
      covered: 0,
      published: 0,
      held: true,
      lose(error) {
        share.held = false;
        failed.error ??= error;
        ending.abort();
      },
    };
    let loaded = false;
    const { ready, ended } = loadTable(queue, {
      topic: layout.name('subscriptions'),
      partitions: [partition],
      signal,
      onRecord: (record) => {
        if (share.table.apply(record) && loaded) soon();
      },
    });
    ended.catch((error: unknown) => { share.lose(asForetickError(error)); });
    try {
      await ready;
      const name = shareName(partition);
      share.published = share.covered = (await cursors([name])).get(name)?.receiptTimeUs ?? 0;
      if (!hasAborted(signal)) {
        loaded = true;
        shares.set(partition, share);
        update();
        tellAssigned(options, held());
        await aborted(signal);
        const going = release(partition, share);
        letGo.set(partition, going);
        await going;
        letGo.delete(partition);
        tellAssigned(options, held());
      }
    } finally {
      ending.abort();
    }
    if (failed.error) throw failed.error;
  }

  /** The source lets go of the instruments, and what it read of them is written, before anybody else may have them. */
  async function release(partition: number, share: Share): Promise<void> {
    releasing.add(partition);
    update();
    await moving.settled();
    share.held = false;
    shares.delete(partition);
    releasing.delete(partition);
    update();
  }

  const releasing = new Set<number>();
  const soon = coalesced(update);
  const held = (): number[] => [...shares.keys()].sort((a, b) => a - b);

  function update(): void {
    const wanted: Subscription[] = [];
    since.clear();
    for (const [partition, { table }] of shares) {
      for (const one of table.list()) {
        since.set(one.instrument, { share: partition, sinceUs: one.sinceUs });
        if (!releasing.has(partition)) wanted.push(one);
      }
    }
    const symbols = wanted.map(({ symbol }) => symbol);
    const before = moving.now();
    if (symbols.length !== before.length || symbols.some((symbol, i) => symbol !== before[i])) moving.set(symbols);
  }

  return memberCollector({
    options,
    run,
    begun: () => inner.start(),
    status: () => (inner.status().state === 'CREATED' ? null : inner.status()),
    stop: () => inner.stop(),
  });
}

/** Whoever waits for the source to follow its set does not wait for one that does not run. */
function whileRunning(source: Source, moving: MovingInstruments, begins: () => void): Source {
  return {
    ...source,
    async run(context) {
      begins();
      try {
        await source.run(context);
      } finally {
        moving.unused();
      }
    },
  };
}
