/** One emission → the records that publish it. */
import {
  Alert,
  CONTENT_ARROW,
  CONTENT_JSON,
  Cursor,
  SCHEMA,
  encodePostJson,
  encodeTickJson,
  encodeTicksArrow,
  headersOf,
  partitionOf,
  watermarkJson,
  type TickColumns,
  type TopicLayout,
} from '#proto';
import type { OutputRecord } from '#queue';

import type { RowCounts } from './identity.ts';
import type { Emission, Rejection } from './port.ts';
import { createTraceparents } from './trace.ts';

/** `auto`: Arrow where a partition gets at least `ARROW_ROWS` rows at once, else JSON. */
export type TickFormat = 'auto' | 'json' | 'arrow';

const ARROW_ROWS = 16;
/** Rows of one Arrow record at most: bounds the size of a record. */
const MAX_ROWS = 8192;

const TICK_JSON = headersOf(CONTENT_JSON, SCHEMA.tick);
const TICK_ARROW = headersOf(CONTENT_ARROW, SCHEMA.tick);
const POST_JSON = headersOf(CONTENT_JSON, SCHEMA.post);
const CURSOR_JSON = headersOf(CONTENT_JSON, SCHEMA.cursor);
const ALERT_JSON = headersOf(CONTENT_JSON, SCHEMA.alert);

/** A record, and which part of the source's work it is of: the partition of its instruments; `ANY_SHARE` for what is of none. */
export interface PublishedRecord extends OutputRecord {
  readonly share: number;
}

export const ANY_SHARE = -1;

export interface Published {
  /** Ticks by partition, posts, watermarks in every partition of both logs, dead letters, alerts. Rows of one partition stay in their order. */
  readonly rows: PublishedRecord[];
  /** Of single instruments, then of the source. May be appended when the rows are, no earlier. */
  readonly cursors: PublishedRecord[];
}

export interface PublisherOptions {
  readonly layout: TopicLayout;
  readonly source: string;
  readonly format: TickFormat;
  /** Names the rows; null: they go without names. */
  readonly counts: RowCounts | null;
  /**
   * Of a source that is shared by several processes: whether a partition is this one's. Rows of others are left out, and the source's cursor is
   * one for each partition held. @default all are, and the cursor is one
   */
  readonly holds?: (partition: number) => boolean;
  /** @default random ones */
  readonly traceparent?: () => string;
}

/** Every record of rows gets a trace of its own, but where the emission brings one. Watermarks make no rows and get none. */
export function createPublisher({ layout, source, format, counts: named, holds, traceparent = createTraceparents() }: PublisherOptions): (emission: Emission, rejections: readonly Rejection[]) => Published {
  const quotes = layout.name('quotes');
  const posts = layout.name('posts');
  const deadLetters = layout.name('dead-letters');
  const alertsTopic = layout.name('alerts');
  const partitions = new Map<string, number>();
  const counts = new Int32Array(layout.inputs);

  function partition(instrument: string): number {
    let known = partitions.get(instrument);
    if (known === undefined) {
      known = partitionOf(instrument, layout.inputs);
      partitions.set(instrument, known);
    }
    return known;
  }

  const isOurs = (place: number): boolean => holds?.(place) ?? true;
  const held = (): number[] => Array.from({ length: layout.inputs }, (_, place) => place).filter(isOurs);
  const trace = (emission: Emission): string => emission.traceparent ?? traceparent();

  function addTicks(ticks: TickColumns, emission: Emission, into: PublishedRecord[]): void {
    const places = Int32Array.from(ticks.instruments, partition);
    counts.fill(0);
    for (let i = 0; i < ticks.length; i++) counts[places[ticks.instrument[i]!]!]!++;
    const rows = Array.from(counts, (count) => new Int32Array(count));
    counts.fill(0);
    for (let i = 0; i < ticks.length; i++) {
      const place = places[ticks.instrument[i]!]!;
      rows[place]![counts[place]!++] = i;
    }
    rows.forEach((own, place) => {
      if (!isOurs(place)) return;
      if (format === 'arrow' || (format === 'auto' && own.length >= ARROW_ROWS)) {
        for (let from = 0; from < own.length; from += MAX_ROWS) {
          const part = own.subarray(from, from + MAX_ROWS);
          const headers = { ...TICK_ARROW, ...named?.take('ticks', place, part.length), traceparent: trace(emission) };
          into.push({ share: place, topic: quotes, partition: place, value: encodeTicksArrow(ticks, part), headers });
        }
        return;
      }
      for (const row of own) {
        const key = ticks.instruments[ticks.instrument[row]!]!;
        const headers = { ...TICK_JSON, ...named?.take('ticks', place, 1), traceparent: trace(emission) };
        into.push({ share: place, topic: quotes, partition: place, key, value: encodeTickJson(ticks, row), headers });
      }
    });
  }

  return (emission, rejections) => {
    const { ticks, posts: written = [], watermark, cursor, cursors = [], alerts = [] } = emission;
    const rows: PublishedRecord[] = [];
    if (ticks) addTicks(ticks, emission, rows);
    for (const post of written) {
      const key = post.instrument;
      const place = partition(key);
      if (!isOurs(place)) continue;
      const headers = { ...POST_JSON, ...named?.take('posts', place, 1), traceparent: trace(emission) };
      rows.push({ share: place, topic: posts, partition: place, key, value: encodePostJson(post), headers });
    }
    if (watermark !== undefined) {
      const value = watermarkJson(source, watermark);
      for (const place of held()) {
        rows.push({ share: place, topic: quotes, partition: place, value, headers: TICK_JSON });
        rows.push({ share: place, topic: posts, partition: place, value, headers: POST_JSON });
      }
    }
    for (const rejection of rejections) rows.push({ share: ANY_SHARE, ...deadLetter(deadLetters, rejection, { ...named?.takeDeadLetter(rejection.origin), traceparent: trace(emission) }) });
    for (const alert of alerts) rows.push({ share: ANY_SHARE, topic: alertsTopic, key: alert.rule, value: JSON.stringify(Alert.toJSON(alert)), headers: ALERT_JSON });
    return { rows, cursors: [...cursors.flatMap(ofInstrument), ...(cursor ? ofSource(cursor) : [])] };
  };

  function ofInstrument(cursor: Cursor): PublishedRecord[] {
    const share = partition(cursor.instrument);
    return isOurs(share) ? [{ share, ...cursorRecord(layout, { ...cursor, source }) }] : [];
  }

  function ofSource(cursor: Cursor): PublishedRecord[] {
    if (!holds) return [{ share: ANY_SHARE, ...cursorRecord(layout, { ...cursor, source, ordinals: named?.message() }) }];
    return held().map((share) => ({ share, ...cursorRecord(layout, Cursor.fromPartial({ source, instrument: shareName(share), receiptTimeUs: cursor.receiptTimeUs })) }));
  }

}

export function cursorRecord(layout: TopicLayout, cursor: Cursor): OutputRecord {
  return { topic: layout.name('cursors'), partition: 0, key: cursorKey(cursor.source, cursor.instrument), value: JSON.stringify(Cursor.toJSON(cursor)), headers: CURSOR_JSON };
}

/** Stands in a cursor for the instruments of a partition. */
export const shareName = (partition: number): string => `#${partition}`;

/** Key of a cursor: the source, or one instrument of it. */
export function cursorKey(source: string, instrument: string): string {
  return instrument === '' ? source : `${source}/${instrument}`;
}

function deadLetter(topic: string, { code, message, origin, row, receiptTime, bytes }: Rejection, more: Readonly<Record<string, string>>): OutputRecord {
  return {
    topic,
    key: origin,
    value: bytes,
    headers: {
      topic: '',
      partition: '0',
      offset: String(row),
      code,
      message,
      attempt: '1',
      time: String(receiptTime),
      ...more,
    },
  };
}
