/** What one partition holds, counted from its blocks: a look at each header, none at the records. */
import type { PartitionDescription } from '../port.ts';
import { BlockReader } from './block.ts';
import type { Partition } from './catalog.ts';
import { blockKey, decodeNumber, groupOfPositionKey, positionKeys } from './keys.ts';
import type { Reader } from './store.ts';

/** DATA_CORRUPT when a block is damaged. */
export function describePartition(reader: Reader, { topic, index, extent }: Partition): PartitionDescription {
  const { earliest, end } = extent;
  let [records, bytes] = [0, 0];
  for (const { value } of reader.range(blockKey(topic.id, index, earliest), blockKey(topic.id, index, end))) {
    const { count, lost } = new BlockReader(value, topic.spec.name, index).header;
    if (!lost) records += count;
    bytes += value.length;
  }
  const groups = new Map<string, number>();
  for (const { key, value } of reader.range(...positionKeys(topic.id, index))) groups.set(groupOfPositionKey(key), decodeNumber(value));
  return { partition: index, earliest, end, records, bytes, groups };
}
