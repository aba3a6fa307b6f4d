/** Records of `dead-letters`: the bytes that could not be handled, and where they came from. */
import type { ErrorCode, TopicLayout } from '#proto';
import type { OutputRecord } from '#queue';

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
  readonly headers: Readonly<Record<string, string>>;
  /** Recorded receipt time, microseconds; 0 when the record does not say. */
  readonly time: number;
  readonly task: string;
  readonly ordinal: number;
}

/** A letter must fit where its record did, with headers on top. */
const MAX_VALUE_BYTES = 8 * 1024 * 1024;

/** An original header of the same name as one of a letter's own is kept under its name with this in front. */
const KEPT = 'original.';
const OWN = ['cut-from', 'topic', 'partition', 'offset', 'row', 'code', 'message', 'attempt', 'time', 'task', 'ordinal'];

/** A longer value is cut; `cut-from` then says how long it was, and the original stands where the headers say. */
export function deadLetterRecord(layout: TopicLayout, letter: DeadLetter): OutputRecord {
  return {
    topic: layout.name('dead-letters'),
    partition: 0,
    key: letter.key,
    value: letter.value.length > MAX_VALUE_BYTES ? letter.value.subarray(0, MAX_VALUE_BYTES) : letter.value,
    headers: {
      ...keptHeaders(letter.headers),
      ...(letter.value.length > MAX_VALUE_BYTES && { 'cut-from': String(letter.value.length) }),
      topic: letter.topic,
      partition: String(letter.partition),
      offset: String(letter.offset),
      row: String(letter.row),
      code: letter.code,
      message: letter.message,
      attempt: String(attemptOf(letter.headers)),
      time: String(letter.time),
      task: letter.task,
      ordinal: String(letter.ordinal),
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
