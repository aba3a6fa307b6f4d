/** Where a replay stands between two rows: kept in its cursor, so that a restart goes on as if there had been none. */
import { fail, type Cursor } from '#proto';

/**
 * Times are microseconds of recorded time: those of the file plus `lapShift`, which sets each lap behind the one
 * before. What is published is recorded time plus `nowShift`.
 */
export interface Position {
  lap: number;
  /** Rows of this lap that are done, rejected ones too. */
  row: number;
  /** Rows of a lap; 0 until the first one is over. */
  rows: number;
  published: number;
  /** Receipt time of the first row of the file that had one; NaN before. */
  first: number;
  lapShift: number;
  nowShift: number;
  /** Newest receipt time, -Infinity before the first row. */
  newest: number;
  /** Next boundary of the watermark grid; NaN before the first row. */
  boundary: number;
  /** Rows since the last watermark. */
  since: number;
}

export function startPosition(): Position {
  return {
    lap: 1,
    row: 0,
    rows: 0,
    published: 0,
    first: Number.NaN,
    lapShift: 0,
    nowShift: 0,
    newest: Number.NEGATIVE_INFINITY,
    boundary: Number.NaN,
    since: 0,
  };
}

export function cursorOf(source: string, at: Position, finished: boolean): Cursor {
  const begun = Number.isFinite(at.newest);
  return {
    source,
    instrument: '',
    position: JSON.stringify({ first: begun ? at.first : null, lapShift: at.lapShift, since: at.since }),
    published: at.published,
    rows: at.rows,
    row: at.row,
    lap: at.lap,
    finished,
    shiftUs: at.lapShift + at.nowShift,
    receiptTimeUs: begun ? at.newest + at.nowShift : 0,
    nextWatermarkUs: begun ? at.boundary : 0,
    ordinals: undefined,
  };
}

/** @throws RUN_MISMATCH when the cursor is not one of a replay */
export function positionOf(cursor: Cursor): Position {
  const { first, lapShift, since } = partsOf(cursor);
  const begun = first !== null;
  const nowShift = cursor.shiftUs - lapShift;
  return {
    lap: cursor.lap,
    row: cursor.row,
    rows: cursor.rows,
    published: cursor.published,
    first: begun ? first : Number.NaN,
    lapShift,
    nowShift,
    newest: begun ? cursor.receiptTimeUs - nowShift : Number.NEGATIVE_INFINITY,
    boundary: begun ? cursor.nextWatermarkUs : Number.NaN,
    since,
  };
}

interface Parts {
  readonly first: number | null;
  readonly lapShift: number;
  readonly since: number;
}

function partsOf(cursor: Cursor): Parts {
  try {
    const { first, lapShift, since } = JSON.parse(cursor.position) as Partial<Parts>;
    if ((first === null || Number.isSafeInteger(first)) && Number.isSafeInteger(lapShift) && Number.isSafeInteger(since)) {
      return { first: first!, lapShift: lapShift!, since: since! };
    }
  } catch (error) {
    throw fail('RUN_MISMATCH', `the cursor of ${cursor.source} is not one of a replay`, { cause: error });
  }
  throw fail('RUN_MISMATCH', `the cursor of ${cursor.source} is not one of a replay`);
}
