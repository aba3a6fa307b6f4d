/** What is kept of a group: a committed offset per topic and partition, an epoch and a note per task. */
import { fail } from '#proto';
import type { Topic } from './catalog.ts';
import { decodeNumber, encodeNumbers, epochKey, noteKey, positionKey } from './keys.ts';
import type { Reader, Writer } from './store.ts';

const LONGEST_GROUP = 500;
const LONGEST_NOTE = 4096;

export function checkGroup(group: string): void {
  const bytes = Buffer.byteLength(group);
  if (bytes === 0 || bytes > LONGEST_GROUP) {
    throw fail('INVALID_REQUEST', `The name of a group has 1 to ${LONGEST_GROUP} bytes, not ${bytes}.`);
  }
}

export function committedOffset(reader: Reader, group: string, topic: Topic, partition: number): number | undefined {
  const value = reader.get(positionKey(topic.id, partition, group));
  return value === undefined ? undefined : decodeNumber(value);
}

export function writeCommitted(writer: Writer, group: string, topic: Topic, partition: number, offset: number): void {
  writer.put(positionKey(topic.id, partition, group), encodeNumbers(offset));
}

/** How often the task was assigned. A commit with an older epoch is refused. */
export function epochOf(reader: Reader, group: string, partition: number): number {
  const value = reader.get(epochKey(partition, group));
  return value === undefined ? 0 : decodeNumber(value);
}

export function raiseEpoch(writer: Writer, group: string, partition: number): number {
  const epoch = epochOf(writer, group, partition) + 1;
  writer.put(epochKey(partition, group), encodeNumbers(epoch));
  return epoch;
}

/** The note that went with the offsets of a task; '' when there was none. */
export function noteOf(reader: Reader, group: string, partition: number): string {
  return reader.get(noteKey(partition, group))?.toString() ?? '';
}

export function checkNote(note: string): void {
  const bytes = Buffer.byteLength(note);
  if (bytes > LONGEST_NOTE) {
    throw fail('INVALID_REQUEST', `The metadata of a commit has at most ${LONGEST_NOTE} bytes, not ${bytes}.`);
  }
}

export function writeNote(writer: Writer, group: string, partition: number, note: string): void {
  writer.put(noteKey(partition, group), Buffer.from(note));
}
