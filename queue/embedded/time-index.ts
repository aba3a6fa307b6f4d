/** Finds the offset at which a time begins. */
import { BlockReader } from './block.ts';
import type { Partition } from './catalog.ts';
import { blockKey } from './keys.ts';
import type { Reader } from './store.ts';

/**
 * Offset of the first record at or after `time`, or the end. Headers carry the newest timestamp up to
 * their block, which never falls, so the block is found by bisection over offsets.
 */
export function offsetForTime(reader: Reader, partition: Partition, time: number): number {
  const { topic, index, extent } = partition;
  if (time > extent.maxTime) return extent.end;
  const end = blockKey(topic.id, index, extent.end);
  const blockFrom = (offset: number): BlockReader | undefined => {
    for (const { value } of reader.range(blockKey(topic.id, index, offset), end)) {
      return new BlockReader(value, topic.spec.name, index);
    }
    return undefined;
  };
  // Every block based below `low` is before the time; none based at `high` or above has to be looked at.
  let low = extent.earliest;
  let high = extent.end;
  while (low < high) {
    const middle = Math.floor((low + high) / 2);
    const block = blockFrom(middle);
    if (block === undefined || block.header.timeSoFar >= time) high = middle;
    else low = block.header.base + block.header.count;
  }
  // Retention and compaction may have taken the record that brought the time: then a later one is the first.
  for (const { value } of reader.range(blockKey(topic.id, index, low), end)) {
    const block = new BlockReader(value, topic.spec.name, index);
    if (block.header.maxTime < time) continue;
    while (!block.done) {
      const record = block.next();
      if (record.timestamp >= time) return record.offset;
    }
  }
  return extent.end;
}
