/**
 * The fold of a feature task: merged inputs in, feature rows and dead letters out, each with its ordinal.
 *
 * Ordinals are counted in state. Outputs whose ordinal was committed before are suppressed, so working through
 * the same inputs again after a restart gives the rest of the same outputs. Inputs that come twice are dropped, where they say
 * who wrote them.
 */
import type { FeatureEngine } from '#features';
import {
  encodeFeatures,
  encodeTicksArrow,
  headersOf,
  tickAt,
  traceOf,
  CONTENT_ARROW,
  SCHEMA,
  type ErrorCode,
  type FeatureRows,
  type TickColumns,
  type TopicLayout,
} from '#proto';
import type { OutputRecord, QueueRecord } from '#queue';

import { deadLetterRecord } from './dead-letters.ts';
import type { FeatureInput } from './feature-input.ts';
import { widened, type TimeSpan } from './observer.ts';
import { postRefusal, tickRefusal, type TimeLimits } from './refusal.ts';
import { SeenRows } from './seen.ts';

export interface FoldOptions extends TimeLimits {
  readonly layout: TopicLayout;
  readonly partition: number;
  readonly task: string;
  readonly featureSet: string;
  readonly names: readonly string[];
  /** Rows of one record, at most. */
  readonly batchRows: number;
  /** Bytes of a dead letter's value, at most. @default 8 MiB */
  readonly maxLetterBytes?: number;
  readonly onDeadLetter: (code: ErrorCode) => void;
}

/** Next ordinals: of rows and of dead letters. */
export interface Ordinals {
  rows: number;
  deadLetters: number;
}

type Buffer = { -readonly [K in keyof FeatureRows]: FeatureRows[K] };

export class FeatureFold {
  readonly engine: FeatureEngine;
  readonly ordinals: Ordinals;
  readonly seen: SeenRows;
  readonly #committed: Ordinals;
  readonly #options: FoldOptions;
  readonly #names: string[] = [];
  readonly #buffer: Buffer;
  readonly #rowBytes: number;
  #length = 0;
  #outputs: OutputRecord[] = [];
  #outputBytes = 0;
  /** Record of the newest row of the buffer. */
  #newest: QueueRecord | null = null;
  #appended: TimeSpan | null = null;
  #repeats = 0;

  /**
   * @param ordinals of the restored state
   * @param committed outputs with lower ordinals are out already
   * @param seen of the restored state
   */
  constructor(engine: FeatureEngine, ordinals: Ordinals, committed: Ordinals, options: FoldOptions, seen = new SeenRows()) {
    this.engine = engine;
    this.ordinals = ordinals;
    this.seen = seen;
    this.#committed = committed;
    this.#options = options;
    const { batchRows, featureSet, names, task } = options;
    this.#rowBytes = 4 * engine.width + 64;
    this.#buffer = {
      length: 0,
      featureSet,
      names,
      task,
      ordinal: 0,
      instruments: this.#names,
      instrument: new Int32Array(batchRows),
      eventTime: new Float64Array(batchRows),
      receiptTime: new Float64Array(batchRows),
      price: new Float64Array(batchRows),
      bid: new Float64Array(batchRows),
      ask: new Float64Array(batchRows),
      warm: new Uint8Array(batchRows),
      values: new Float32Array(batchRows * engine.width),
    };
  }

  fold(input: FeatureInput, row: number): void {
    if (this.isRepeat(input, row)) return;
    if (input.kind !== 'bad' && input.identity) input.counter!.next = input.identity.ordinal + row + 1;
    switch (input.kind) {
      case 'bad':
        this.#refuse(input.record, 0, input.code, input.message, input.record.value ?? new Uint8Array(), 0);
        return;
      case 'post': {
        const refusal = postRefusal(input.post, this.#options);
        if (refusal) {
          this.#refuse(input.record, 0, refusal.code, refusal.message, input.record.value ?? new Uint8Array(), input.post.receiptTimeUs);
          return;
        }
        this.engine.post(this.engine.idOf(input.post.instrument), input.post.receiptTimeUs, input.post);
        return;
      }
      case 'ticks':
        this.#tick(input.record, input.ticks, input.ids, row);
    }
  }

  /** Bytes that wait to be taken, about. */
  get bytes(): number {
    return this.#outputBytes + this.#length * this.#rowBytes;
  }

  /** Outputs since the last call, the rows of the open buffer among them. */
  take(): OutputRecord[] {
    this.#flush();
    const outputs = this.#outputs;
    this.#outputs = [];
    this.#outputBytes = 0;
    return outputs;
  }

  /** Since the last call: input rows dropped as repeats, and when the input records of new rows were appended. */
  takeCounts(): { repeats: number; appended: TimeSpan | null } {
    const counts = { repeats: this.#repeats, appended: this.#appended };
    this.#repeats = 0;
    this.#appended = null;
    return counts;
  }

  /** Whether the row has been folded before, as far as its record says; to be asked in the order of its log. Counts it then. */
  isRepeat(input: FeatureInput, row: number): boolean {
    if (input.kind === 'bad' || input.identity === null) return false;
    input.counter ??= this.seen.counterOf(input.record.topic, input.identity.task);
    if (input.identity.ordinal + row >= input.counter.next) return false;
    this.#repeats += 1;
    return true;
  }

  #tick(record: QueueRecord, ticks: TickColumns, ids: Int32Array, row: number): void {
    const refusal = tickRefusal(ticks, row, this.#options);
    if (refusal) {
      this.#refuseTick(record, ticks, row, refusal.code, refusal.message);
      return;
    }
    const eventTime = ticks.eventTime[row]!;
    const receiptTime = ticks.receiptTime[row]!;
    const { engine } = this;
    const word = ticks.instrument[row]!;
    let id = ids[word]!;
    if (id === -1) {
      id = engine.idOf(ticks.instruments[word]!);
      ids[word] = id;
      this.#names[id] = ticks.instruments[word]!;
    }
    const buffer = this.#buffer;
    const at = this.#length;
    const warm = engine.update(id, ticks, row, buffer.values, at * engine.width);
    const ordinal = this.ordinals.rows++;
    if (ordinal < this.#committed.rows) return;
    if (at === 0) buffer.ordinal = ordinal;
    if (record !== this.#newest) {
      this.#newest = record;
      this.#appended = widened(this.#appended, record.timestamp);
    }
    buffer.instrument[at] = id;
    buffer.eventTime[at] = eventTime;
    buffer.receiptTime[at] = receiptTime;
    buffer.price[at] = engine.price(id);
    buffer.bid[at] = engine.bid(id);
    buffer.ask[at] = engine.ask(id);
    buffer.warm[at] = warm;
    this.#length = at + 1;
    if (this.#length === this.#options.batchRows) this.#flush();
  }

  #flush(): void {
    if (this.#length === 0) return;
    this.#buffer.length = this.#length;
    this.#length = 0;
    const { layout, partition } = this.#options;
    const { value, headers } = encodeFeatures(this.#buffer);
    const newest = this.#newest!;
    this.#newest = null;
    this.#outputBytes += value.length;
    this.#outputs.push({
      topic: layout.name('features'),
      partition: partition % layout.shards,
      value,
      headers: { ...headers, ...traceOf(newest.headers), ingested: String(newest.timestamp) },
    });
  }

  #refuseTick(record: QueueRecord, ticks: TickColumns, row: number, code: ErrorCode, message: string): void {
    const alone = ticks.length === 1;
    const value = alone && record.value ? record.value : encodeTicksArrow(tickAt(ticks, row), null);
    this.#refuse(record, row, code, message, value, ticks.receiptTime[row]!, alone ? undefined : { ...headersOf(CONTENT_ARROW, SCHEMA.tick), ...traceOf(record.headers) });
  }

  #refuse(record: QueueRecord, row: number, code: ErrorCode, message: string, value: Uint8Array, time: number, headers = record.headers): void {
    const ordinal = this.ordinals.deadLetters++;
    if (ordinal < this.#committed.deadLetters) return;
    this.#options.onDeadLetter(code);
    const { topic, partition, offset, key } = record;
    const letter = { code, message, topic, partition, offset, row, key, value, headers, time, task: this.#options.task, ordinal };
    this.#outputBytes += value.length;
    this.#outputs.push(deadLetterRecord(this.#options.layout, letter, this.#options.maxLetterBytes));
  }
}
