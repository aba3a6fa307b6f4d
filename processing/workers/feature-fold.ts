/**
 * The fold of a feature task: merged inputs in, feature rows and dead letters out, each with its ordinal.
 *
 * Ordinals are counted in state. Outputs whose ordinal was committed before are suppressed, so working through
 * the same inputs again after a restart gives the rest of the same outputs.
 */
import type { FeatureEngine } from '#features';
import {
  encodeFeatures,
  encodeTicksArrow,
  headersOf,
  tickAt,
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
import { postRefusal, tickRefusal, type TimeLimits } from './refusal.ts';

export interface FoldOptions extends TimeLimits {
  readonly layout: TopicLayout;
  readonly partition: number;
  readonly task: string;
  readonly featureSet: string;
  readonly names: readonly string[];
  /** Rows of one record, at most. */
  readonly batchRows: number;
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
  readonly #committed: Ordinals;
  readonly #options: FoldOptions;
  readonly #names: string[] = [];
  readonly #buffer: Buffer;
  #length = 0;
  #outputs: OutputRecord[] = [];

  /**
   * @param ordinals of the restored state
   * @param committed outputs with lower ordinals are out already
   */
  constructor(engine: FeatureEngine, ordinals: Ordinals, committed: Ordinals, options: FoldOptions) {
    this.engine = engine;
    this.ordinals = ordinals;
    this.#committed = committed;
    this.#options = options;
    const { batchRows, featureSet, names, task } = options;
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

  /** Outputs since the last call, the rows of the open buffer among them. */
  take(): OutputRecord[] {
    this.#flush();
    const outputs = this.#outputs;
    this.#outputs = [];
    return outputs;
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
    this.#outputs.push({
      topic: layout.name('features'),
      partition: partition % layout.shards,
      ...encodeFeatures(this.#buffer),
    });
  }

  #refuseTick(record: QueueRecord, ticks: TickColumns, row: number, code: ErrorCode, message: string): void {
    const alone = ticks.length === 1;
    const value = alone && record.value ? record.value : encodeTicksArrow(tickAt(ticks, row), null);
    this.#refuse(record, row, code, message, value, ticks.receiptTime[row]!, alone ? undefined : headersOf(CONTENT_ARROW, SCHEMA.tick));
  }

  #refuse(record: QueueRecord, row: number, code: ErrorCode, message: string, value: Uint8Array, time: number, headers = record.headers): void {
    const ordinal = this.ordinals.deadLetters++;
    if (ordinal < this.#committed.deadLetters) return;
    this.#options.onDeadLetter(code);
    const { topic, partition, offset, key } = record;
    const letter = { code, message, topic, partition, offset, row, key, value, headers, time, task: this.#options.task, ordinal };
    this.#outputs.push(deadLetterRecord(this.#options.layout, letter));
  }
}
