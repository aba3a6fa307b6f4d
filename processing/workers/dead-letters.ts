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

export function deadLetterRecord(layout: TopicLayout, letter: DeadLetter): OutputRecord {
  return {
    topic: layout.name('dead-letters'),
    partition: 0,
    key: letter.key,
    value: letter.value,
    headers: {
      ...letter.headers,
      topic: letter.topic,
      partition: String(letter.partition),
      offset: String(letter.offset),
      row: String(letter.row),
      code: letter.code,
      message: letter.message,
      attempt: '1',
      time: String(letter.time),
      task: letter.task,
      ordinal: String(letter.ordinal),
    },
  };
}
