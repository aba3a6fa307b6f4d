/** Records of a feature task's inputs, decoded for the merge. */
import { TickKind, asForetickError, decodePost, decodeTicks, identityOf, type ErrorCode, type Post, type RowIdentity, type TickColumns } from '#proto';
import type { QueueRecord } from '#queue';

import type { MergeRecord } from './merge.ts';
import type { Counter } from './seen.ts';

/** Which rows they are, where the record says. */
interface Named {
  readonly record: QueueRecord;
  readonly identity: RowIdentity | null;
  /** Of the writer; found at the first row. */
  counter?: Counter;
}

export type FeatureInput =
  | (Named & { readonly kind: 'ticks'; readonly ticks: TickColumns; /** Engine ids by dictionary index, -1 until needed. */ readonly ids: Int32Array })
  | (Named & { readonly kind: 'post'; readonly post: Post })
  /** Bytes that cannot be read: one row, at whatever time its log stands. */
  | { readonly kind: 'bad'; readonly record: QueueRecord; readonly code: ErrorCode; readonly message: string };

/** Whether a row has been folded before; asked when it is the next of its log. */
export type IsRepeat = (input: FeatureInput, row: number) => boolean;

const NO_TIME = (): number => 0;
const never = (): boolean => false;

/**
 * Repeats have no place in the sequence, as watermarks have none: they must not wait for the other log.
 *
 * @param maxLatenessUs a tick received later than this after it happened will be refused
 * @param isRepeat @default no row is
 */
export function tickInput(record: QueueRecord, maxLatenessUs: number, isRepeat: IsRepeat = never): MergeRecord<FeatureInput> {
  return guarded(record, () => {
    const ticks = decodeTicks(record);
    const ids = new Int32Array(ticks.instruments.length).fill(-1);
    const { kind, eventTime, receiptTime } = ticks;
    // A receipt time that is no time, or too late to be believed, may not move its log's clock: all that follows
    // would count as received no earlier, and wait for the other log to get there.
    const time = (row: number): number => {
      const received = receiptTime[row]!;
      const believable = kind[row] === TickKind.WATERMARK || received - eventTime[row]! <= maxLatenessUs;
      return believable ? safeTime(received) : 0;
    };
    const value: FeatureInput = { kind: 'ticks', record, identity: identityOf(record.headers), ticks, ids };
    return {
      rows: ticks.length,
      time,
      mark: (row) => (kind[row] === TickKind.WATERMARK && time(row) > 0) || isRepeat(value, row),
      value,
    };
  });
}

export function postInput(record: QueueRecord, isRepeat: IsRepeat = never): MergeRecord<FeatureInput> {
  return guarded(record, () => {
    const post = decodePost(record);
    const value: FeatureInput = { kind: 'post', record, identity: identityOf(record.headers), post };
    const mark = post.watermark !== undefined;
    return { rows: 1, time: () => post.receiptTimeUs, mark: () => mark || isRepeat(value, 0), value };
  });
}

function safeTime(time: number): number {
  return time > 0 && time < Number.MAX_SAFE_INTEGER ? time : 0;
}

function guarded(record: QueueRecord, decode: () => Omit<MergeRecord<FeatureInput>, 'offset' | 'next'>): MergeRecord<FeatureInput> {
  const place = { offset: record.offset, next: record.offset + 1 };
  try {
    return { ...place, ...decode() };
  } catch (error) {
    const { code, message } = asForetickError(error);
    return { ...place, rows: 1, time: NO_TIME, value: { kind: 'bad', record, code, message } };
  }
}
