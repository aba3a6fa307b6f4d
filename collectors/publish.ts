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
import type { Emission, Rejection } from './port.ts';

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

export interface Publisher {
  /**
   * Ticks by partition, posts, watermarks in every partition of both logs, dead letters, alerts, and the
   * cursors last. Rows of one partition stay in their order.
   */
  records(emission: Emission, rejections: readonly Rejection[]): OutputRecord[];
}

export function createPublisher(layout: TopicLayout, source: string, format: TickFormat): Publisher {
  const quotes = layout.name('quotes');
  const posts = layout.name('posts');
  const deadLetters = layout.name('dead-letters');
  const alertsTopic = layout.name('alerts');
  const cursorsTopic = layout.name('cursors');
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

  function addTicks(ticks: TickColumns, into: OutputRecord[]): void {
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
      if (format === 'arrow' || (format === 'auto' && own.length >= ARROW_ROWS)) {
        for (let from = 0; from < own.length; from += MAX_ROWS) {
          const value = encodeTicksArrow(ticks, own.subarray(from, from + MAX_ROWS));
          into.push({ topic: quotes, partition: place, value, headers: TICK_ARROW });
        }
        return;
      }
      for (const row of own) {
        const key = ticks.instruments[ticks.instrument[row]!]!;
        into.push({ topic: quotes, partition: place, key, value: encodeTickJson(ticks, row), headers: TICK_JSON });
      }
    });
  }

  return {
    records({ ticks, posts: written = [], watermark, cursor, cursors = [], alerts = [] }, rejections) {
      const records: OutputRecord[] = [];
      if (ticks) addTicks(ticks, records);
      for (const post of written) {
        const key = post.instrument;
        records.push({ topic: posts, partition: partition(key), key, value: encodePostJson(post), headers: POST_JSON });
      }
      if (watermark !== undefined) {
        const value = watermarkJson(source, watermark);
        for (let place = 0; place < layout.inputs; place++) {
          records.push({ topic: quotes, partition: place, value, headers: TICK_JSON });
          records.push({ topic: posts, partition: place, value, headers: POST_JSON });
        }
      }
      for (const rejection of rejections) records.push(deadLetter(deadLetters, rejection));
      for (const alert of alerts) {
        records.push({ topic: alertsTopic, key: alert.rule, value: JSON.stringify(Alert.toJSON(alert)), headers: ALERT_JSON });
      }
      for (const moved of cursor ? [...cursors, cursor] : cursors) {
        const value = JSON.stringify(Cursor.toJSON(moved));
        records.push({ topic: cursorsTopic, partition: 0, key: cursorKey(source, moved.instrument), value, headers: CURSOR_JSON });
      }
      return records;
    },
  };
}

/** Key of a cursor: the source, or one instrument of it. */
export function cursorKey(source: string, instrument: string): string {
  return instrument === '' ? source : `${source}/${instrument}`;
}

function deadLetter(topic: string, { code, message, origin, row, receiptTime, bytes }: Rejection): OutputRecord {
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
    },
  };
}
