/** Why a feature worker puts a record or a row of it aside: asked by the worker, and before a dead letter is tried again. */
import { TickKind, invalidTick, type ErrorCode, type Post, type TickColumns } from '#proto';
import type { QueueRecord } from '#queue';

import { postInput, tickInput } from './feature-input.ts';

export interface Refusal {
  readonly code: ErrorCode;
  readonly message: string;
}

export interface TimeLimits {
  /** How much later than its event time a tick may be received; microseconds. */
  readonly maxLatenessUs: number;
  /** How far its event time may lie after its receipt; microseconds. */
  readonly maxFutureUs: number;
}

/** Null: row `row` may enter the state of its instrument. */
export function tickRefusal(ticks: TickColumns, row: number, { maxLatenessUs, maxFutureUs }: TimeLimits): Refusal | null {
  const problem = invalidTick(ticks, row);
  if (problem !== null) return { code: 'VALUE_OUT_OF_RANGE', message: problem };
  const late = ticks.receiptTime[row]! - ticks.eventTime[row]!;
  if (ticks.kind[row] === TickKind.WATERMARK) return null;
  if (late > maxLatenessUs) return { code: 'LATE_EVENT', message: `received ${late / 1e6} s after the event` };
  if (-late > maxFutureUs) return { code: 'FUTURE_EVENT', message: `received ${-late / 1e6} s before the event` };
  return null;
}

export function postRefusal(post: Post, { maxFutureUs }: TimeLimits): Refusal | null {
  return post.eventTimeUs - post.receiptTimeUs > maxFutureUs ? { code: 'FUTURE_EVENT', message: 'a post from the future' } : null;
}

/** Null: a worker takes the record, or at least some of its rows. Else why it takes none. */
export function recordRefusal(input: 'quotes' | 'posts', record: QueueRecord, limits: TimeLimits): Refusal | null {
  const { value } = input === 'quotes' ? tickInput(record, limits.maxLatenessUs) : postInput(record);
  switch (value.kind) {
    case 'bad':
      return { code: value.code, message: value.message };
    case 'post':
      return postRefusal(value.post, limits);
    case 'ticks': {
      const { ticks } = value;
      let first: Refusal | null = null;
      for (let row = 0; row < ticks.length; row++) {
        const refusal = tickRefusal(ticks, row, limits);
        if (refusal === null) return null;
        first ??= refusal;
      }
      return first;
    }
  }
}
