/** Records of `dead-letters`: the bytes that could not be handled, and where they came from. */
import type { ErrorCode, TopicLayout } from '#proto';
import type { Headers, OutputRecord } from '#queue';

export interface DeadLetter {
  readonly code: ErrorCode;
  readonly message: string;
  readonly topic: string;
  readonly partition: number;
  readonly offset: number;
  /** Row inside the record, for records of many rows. */
  readonly row: number;
  readonly key: Uint8Array | string | null;
  readonly value: Uint8Array;
  /** Headers of the original, kept so that it can be read again. */
  readonly headers: Headers;
  /** Recorded receipt time, microseconds; 0 when the record does not say. */
  readonly time: number;
  readonly task: string;
  readonly ordinal: number;
}

/**
 * A letter must fit where its record did, with headers on top; all parts of a record are bounded, because all of them may be what is
 * wrong with it.
 */
const MOST_VALUE_BYTES = 8 * 1024 * 1024;
const MOST_KEY_BYTES = 4096;
const MOST_HEADER_BYTES = 16 * 1024;
const MOST_MESSAGE = 1000;

/** An original header of the same name as one of a letter's own is kept under its name with this in front. */
const KEPT = 'original.';
const OWN = ['cut-from', 'key-cut-from', 'headers-left-out', 'topic', 'partition', 'offset', 'row', 'code', 'message', 'attempt', 'time', 'task', 'ordinal'];

/**
 * What is too long is cut, and the letter says so: `cut-from` is how long the value was, `key-cut-from` the key,
 * `headers-left-out` how many headers of the original are not there. The original stands where the headers say.
 *
 * @param maxBytes of the value @default 8 MiB
 */
export function deadLetterRecord(layout: TopicLayout, letter: DeadLetter, maxBytes = MOST_VALUE_BYTES): OutputRecord {
  const { value, code, message, topic, partition, offset, row, time, task, ordinal } = letter;
  const key = typeof letter.key === 'string' ? Buffer.from(letter.key) : letter.key;
  return {
    topic: layout.name('dead-letters'),
    partition: 0,
    key: key && key.length > MOST_KEY_BYTES ? key.subarray(0, MOST_KEY_BYTES) : key,
    value: value.length > maxBytes ? value.subarray(0, maxBytes) : value,
    headers: {
      ...bounded(keptHeaders(letter.headers)),
      ...(value.length > maxBytes && { 'cut-from': String(value.length) }),
      ...(key && key.length > MOST_KEY_BYTES && { 'key-cut-from': String(key.length) }),
      topic,
      partition: String(partition),
      offset: String(offset),
      row: String(row),
      code,
      message: message.length > MOST_MESSAGE ? `${message.slice(0, MOST_MESSAGE)}…` : message,
      attempt: String(attemptOf(letter.headers)),
      time: String(time),
      task,
      ordinal: String(ordinal),
    },
  };
}

/** How often a record has been tried, this time too: a retry says so in its headers. */
export function attemptOf({ attempt }: Readonly<Record<string, string>>): number {
  return attempt !== undefined && /^[1-9]\d{0,8}$/.test(attempt) ? Number(attempt) : 1;
}

/** Headers of the record that a letter is about, as its producer gave them. */
export function originalHeaders(headers: Readonly<Record<string, string>>): Record<string, string> {
  const original = Object.entries(headers).filter(([name]) => !OWN.includes(name) && !isKept(name));
  const kept = Object.entries(headers).filter(([name]) => isKept(name));
  return Object.fromEntries([...original, ...kept.map(([name, value]) => [name.slice(KEPT.length), value] as const)]);
}

const isKept = (name: string): boolean => name.startsWith(KEPT) && OWN.includes(name.slice(KEPT.length));

function keptHeaders(headers: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(Object.entries(headers).map(([name, value]) => [OWN.includes(name) && name !== 'attempt' ? `${KEPT}${name}` : name, value]));
}

function bounded(headers: Headers): Headers {
  const kept: [string, string][] = [];
  let left = MOST_HEADER_BYTES;
  let leftOut = 0;
  for (const [name, value] of Object.entries(headers)) {
    const bytes = Buffer.byteLength(name) + Buffer.byteLength(value);
    if (bytes > left) {
      leftOut += 1;
      continue;
    }
    left -= bytes;
    kept.push([name, value]);
  }
  return { ...Object.fromEntries(kept), ...(leftOut > 0 && { 'headers-left-out': String(leftOut) }) };
}
