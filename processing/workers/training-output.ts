/**
 * What the trainer gives, as records: predictions and outcomes by the partition of their instrument, JSON or Arrow;
 * evaluations by model. Outputs whose ordinal was committed before are left out.
 */
import {
  CONTENT_ARROW,
  CONTENT_JSON,
  SCHEMA,
  encodeOutcomeJson,
  encodeOutcomesArrow,
  encodePredictionJson,
  encodePredictionsArrow,
  headersOf,
  partitionOf,
  type SchemaName,
  type TopicLayout,
} from '#proto';
import type { OutputRecord } from '#queue';

import type { TrainerOutput } from '../training/trainer.ts';

/** Next ordinals to write. */
export interface Written {
  predictions: number;
  outcomes: number;
  evaluations: number;
}

/** From this many rows of one partition on, `auto` writes Arrow. */
const ARROW_ROWS = 16;

interface Columns {
  readonly length: number;
  readonly task: string;
  readonly instruments: readonly string[];
  readonly instrument: Int32Array;
  readonly ordinal: Float64Array;
}

interface Codec<C extends Columns> {
  readonly topic: string;
  readonly schema: SchemaName;
  arrow(columns: C, rows: Int32Array | null): Uint8Array;
  json(columns: C, row: number): string;
}

export class OutputEncoder {
  readonly written: Written;
  readonly #layout: TopicLayout;
  readonly #format: 'auto' | 'json' | 'arrow';
  #trace: Readonly<Record<string, string>> = {};
  /** Partition of each instrument, -1 until asked for. */
  #partitions = new Int32Array(64).fill(-1);

  constructor(layout: TopicLayout, format: 'auto' | 'json' | 'arrow', written: Written) {
    this.#layout = layout;
    this.#format = format;
    this.written = written;
  }

  /** @param trace header of the record that the output comes of, passed on */
  encode(output: TrainerOutput, into: OutputRecord[], trace: Readonly<Record<string, string>> = {}): void {
    this.#trace = trace;
    const { predictions, outcomes, evaluations } = output;
    const { written } = this;
    written.predictions = this.#columns(predictions, written.predictions, into, {
      topic: this.#layout.name('predictions'),
      schema: SCHEMA.prediction,
      arrow: encodePredictionsArrow,
      json: encodePredictionJson,
    });
    written.outcomes = this.#columns(outcomes, written.outcomes, into, {
      topic: this.#layout.name('outcomes'),
      schema: SCHEMA.outcome,
      arrow: encodeOutcomesArrow,
      json: encodeOutcomeJson,
    });
    for (const evaluation of evaluations) {
      if (evaluation.ordinal < written.evaluations) continue;
      written.evaluations = evaluation.ordinal + 1;
      into.push({
        topic: this.#layout.name('evaluations'),
        partition: 0,
        key: evaluation.model,
        value: JSON.stringify(evaluation),
        headers: this.#headers(CONTENT_JSON, SCHEMA.evaluation, evaluation.task, evaluation.ordinal),
      });
    }
  }

  /** Returns the next ordinal to write. */
  #columns<C extends Columns>(columns: C, from: number, into: OutputRecord[], codec: Codec<C>): number {
    const { length } = columns;
    let first = 0;
    while (first < length && columns.ordinal[first]! < from) first += 1;
    if (first === length) return from;
    for (const [partition, rows] of this.#split(columns, first)) {
      const count = rows ? rows.length : length;
      if (this.#format === 'arrow' || (this.#format === 'auto' && count >= ARROW_ROWS)) {
        const ordinal = columns.ordinal[rows ? rows[0]! : 0]!;
        into.push({
          topic: codec.topic,
          partition,
          value: codec.arrow(columns, rows),
          headers: this.#headers(CONTENT_ARROW, codec.schema, columns.task, ordinal),
        });
        continue;
      }
      for (let i = 0; i < count; i++) {
        const row = rows ? rows[i]! : i;
        into.push({
          topic: codec.topic,
          partition,
          key: columns.instruments[columns.instrument[row]!]!,
          value: codec.json(columns, row),
          headers: this.#headers(CONTENT_JSON, codec.schema, columns.task, columns.ordinal[row]!),
        });
      }
    }
    return columns.ordinal[length - 1]! + 1;
  }

  /** Rows from `first` on by partition, in order; null stands for all rows. */
  #split(columns: Columns, first: number): Map<number, Int32Array | null> {
    const { length } = columns;
    if (this.#layout.inputs === 1) {
      return new Map([[0, first === 0 ? null : Int32Array.from({ length: length - first }, (_, i) => first + i)]]);
    }
    const lists = new Map<number, number[]>();
    for (let row = first; row < length; row++) {
      const partition = this.#partition(columns.instrument[row]!, columns.instruments);
      const list = lists.get(partition);
      if (list) list.push(row);
      else lists.set(partition, [row]);
    }
    return new Map([...lists].map(([partition, rows]) => [partition, Int32Array.from(rows)]));
  }

  #partition(id: number, names: readonly string[]): number {
    if (id >= this.#partitions.length) {
      const wider = new Int32Array(Math.max(id + 1, this.#partitions.length * 2)).fill(-1);
      wider.set(this.#partitions);
      this.#partitions = wider;
    }
    let partition = this.#partitions[id]!;
    if (partition === -1) {
      partition = partitionOf(names[id]!, this.#layout.inputs);
      this.#partitions[id] = partition;
    }
    return partition;
  }

  #headers(contentType: string, schema: SchemaName, task: string, ordinal: number): Readonly<Record<string, string>> {
    return headersOf(contentType, schema, { task, ordinal: String(ordinal), ...this.#trace });
  }
}
