/** How far sources got, as committed in `cursors`. */
import { Cursor, decodeJson, type TopicLayout } from '#proto';
import type { Queue } from '#queue';

import { cursorKey, shareName } from './publish.ts';

/** What the source committed last, or null. */
export async function readCursor(queue: Queue, layout: TopicLayout, source: string): Promise<Cursor | null> {
  return (await readKeys(queue, layout, new Set([source]))).get(source) ?? null;
}

/** What the source committed last of each of these instruments or shares; those without are left out. */
export type CursorReader = (instruments: readonly string[]) => Promise<ReadonlyMap<string, Cursor>>;

/**
 * One pass over the topic for all who ask while another is under way: a process that takes over many partitions would else read all of it for each,
 * and take so long that it is taken for dead itself.
 */
export function cursorReader(queue: Queue, layout: TopicLayout, source: string): CursorReader {
  interface Pass {
    readonly wanted: Set<string>;
    readonly found: Promise<ReadonlyMap<string, Cursor>>;
  }
  /** The one that has not begun. */
  let next: Pass | null = null;
  let underWay: Promise<unknown> = Promise.resolve();

  function pass(): Pass {
    const wanted = new Set<string>();
    const found = underWay.then(() => {
      next = null;
      return readKeys(queue, layout, wanted);
    });
    underWay = found.catch(() => undefined);
    return { wanted, found };
  }

  return async (instruments) => {
    if (instruments.length === 0) return new Map();
    const { wanted, found } = (next ??= pass());
    const keys = instruments.map((instrument) => cursorKey(source, instrument));
    for (const key of keys) wanted.add(key);
    const all = await found;
    return new Map(keys.flatMap((key) => {
      const cursor = all.get(key);
      return cursor ? [[cursor.instrument, cursor] as const] : [];
    }));
  };
}

/**
 * Cursors of shares, for another count of partitions: each is as far as the one of its source that was furthest behind, since instruments of all
 * of them may be in it.
 */
export function reshared(cursors: Iterable<Cursor>, inputs: number): Cursor[] {
  const furthestBehind = new Map<string, number>();
  for (const { source, receiptTimeUs } of cursors) furthestBehind.set(source, Math.min(furthestBehind.get(source) ?? Infinity, receiptTimeUs));
  return [...furthestBehind].flatMap(([source, receiptTimeUs]) => Array.from({ length: inputs }, (_, partition) => Cursor.fromPartial({ source, instrument: shareName(partition), receiptTimeUs })));
}

async function readKeys(queue: Queue, layout: TopicLayout, wanted: ReadonlySet<string>): Promise<ReadonlyMap<string, Cursor>> {
  const newest = new Map<string, Uint8Array>();
  const text = new TextDecoder();
  for await (const { records } of queue.read({ topic: layout.name('cursors'), from: 'earliest', toEnd: true, settled: true })) {
    for (const { key: bytes, value } of records) {
      const key = bytes === null ? '' : text.decode(bytes);
      if (!wanted.has(key)) continue;
      if (value === null) newest.delete(key);
      else newest.set(key, value);
    }
  }
  return new Map([...newest].map(([key, value]) => [key, decodeJson(value, Cursor)]));
}
