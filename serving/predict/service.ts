/**
 * Predictions on request, knowing no transport: typed requests in, `Scored` out, coded errors thrown.
 *
 * It answers from memory alone, so it keeps answering when the queue is gone; `ageUs` says how old its
 * knowledge is. Age is measured from the moment the queue took the row, never from event time: a
 * recording replayed today has old event times and is not stale.
 */
import { fail, partitionOf } from '#proto';
import type { ModelInfo, Scored } from '#proto/grpc';
import type { LoadedModel, ModelStore } from '../models/store.ts';
import type { EvaluationsView } from '../views/evaluations.ts';
import type { FeaturesView, InstrumentRow } from '../views/features.ts';

/** Rows as given. `values` is row-major, `rows` times the features of the model. */
export interface GivenRows {
  /** A model's name or alias; empty: `champion`. */
  readonly model: string;
  /** `name@version`; empty: the model's own. */
  readonly featureSet: string;
  readonly rows: number;
  readonly values: ArrayLike<number>;
  /** One a row, or none at all. Decides the shard, and lets per-instrument models use what they know. */
  readonly instruments: readonly string[];
}

export interface PredictServiceOptions {
  readonly features: FeaturesView;
  readonly evaluations: EvaluationsView;
  readonly models: ModelStore;
  /** Milliseconds; an older row is not scored. */
  readonly maxStalenessMs: number;
  /** Most rows of one request. @default 4096 */
  readonly maxRows?: number;
  /** To find the shard that learns of an instrument. */
  readonly layout: { readonly inputs: number; readonly shards: number };
  /** Milliseconds since the epoch. */
  readonly clock: () => number;
  readonly onAbstained?: (code: string) => void;
}

export class PredictService {
  readonly #options: Required<PredictServiceOptions>;
  #probabilities = new Float64Array(3);

  constructor(options: PredictServiceOptions) {
    this.#options = { maxRows: 4096, onAbstained: () => undefined, ...options };
  }

  /**
   * Scores the newest row of an instrument, or abstains (STALE_FEATURES, NOT_WARM).
   * UNKNOWN_INSTRUMENT, UNKNOWN_MODEL, MODEL_NOT_READY, FEATURE_SET_MISMATCH.
   */
  byInstrument(model: string, instrument: string): Scored {
    const { features, models, clock } = this.#options;
    const row = features.get(instrument);
    if (!row) {
      models.resolve(model);
      throw fail('UNKNOWN_INSTRUMENT', `no row of ${JSON.stringify(instrument.slice(0, 200))} has been seen`);
    }
    const loaded = models.get(model, row.shard);
    const { published } = loaded;
    requireSet(loaded, row.featureSet, row.values.length);
    const age = Math.max(0, clock() - row.appendedAt);
    const scored = blank(loaded, instrument);
    scored.eventTimeUs = row.eventTime;
    scored.ageUs = Math.round(age * 1000);
    scored.price = row.price;
    const abstained = this.#abstention(row, age);
    if (abstained !== '') {
      scored.abstained = abstained;
      this.#options.onAbstained(abstained);
      return scored;
    }
    return this.#score(scored, loaded, row.values, 0, published.instrumentId(instrument));
  }

  /**
   * INVALID_REQUEST, PAYLOAD_TOO_LARGE, SHAPE_MISMATCH, NOT_FINITE, FEATURE_SET_MISMATCH, UNKNOWN_MODEL,
   * MODEL_NOT_READY; either all rows are scored or none.
   */
  byRows(given: GivenRows): Scored[] {
    const { rows, values, instruments } = given;
    if (!Number.isInteger(rows) || rows < 1) throw fail('INVALID_REQUEST', 'rows: at least one row is needed');
    if (rows > this.#options.maxRows) {
      throw fail('PAYLOAD_TOO_LARGE', `${rows} rows; at most ${this.#options.maxRows} a call`);
    }
    if (instruments.length !== 0 && instruments.length !== rows) {
      throw fail('SHAPE_MISMATCH', `${instruments.length} instruments for ${rows} rows; give one for each row, or none`);
    }
    const first = this.#options.models.get(given.model, this.#shardOf(instruments[0]));
    const width = first.published.manifest.features.length;
    if (given.featureSet !== '') requireSet(first, given.featureSet, width);
    if (values.length !== rows * width) {
      throw fail('SHAPE_MISMATCH', `${values.length} values for ${rows} rows of ${width} features`);
    }
    const matrix = finiteFloats(values, width);
    return Array.from({ length: rows }, (_, i) => {
      const instrument = instruments[i] ?? '';
      const loaded = i === 0 ? first : this.#options.models.get(given.model, this.#shardOf(instruments[i]));
      const id = instrument === '' ? -1 : loaded.published.instrumentId(instrument);
      return this.#score(blank(loaded, instrument), loaded, matrix, i * width, id);
    });
  }

  /** Features a row that a model takes. UNKNOWN_MODEL, MODEL_NOT_READY. */
  width(model: string): number {
    return this.#options.models.get(model, 0).published.manifest.features.length;
  }

  listModels(): ModelInfo[] {
    const { models, evaluations, clock } = this.#options;
    return models.loaded().map(({ published: { manifest }, publishedAt }) => ({
      name: manifest.model,
      version: manifest.version,
      featureSet: manifest.featureSet,
      features: manifest.features,
      target: manifest.target,
      aliases: models.aliasesOf(manifest.model),
      evaluation: evaluations.newest(manifest.model, 'total'),
      ageUs: Math.max(0, Math.round((clock() - publishedAt) * 1000)),
    }));
  }

  #abstention(row: InstrumentRow, ageMs: number): '' | 'STALE_FEATURES' | 'NOT_WARM' {
    if (ageMs > this.#options.maxStalenessMs) return 'STALE_FEATURES';
    return row.warm && row.price > 0 ? '' : 'NOT_WARM';
  }

  #shardOf(instrument: string | undefined): number {
    const { inputs, shards } = this.#options.layout;
    if (instrument === undefined || instrument === '' || shards === 1) return 0;
    return partitionOf(instrument, inputs) % shards;
  }

  #score(scored: Scored, { published }: LoadedModel, values: Float32Array, at: number, instrument: number): Scored {
    const { model, classNames } = published;
    if (this.#probabilities.length !== model.classes) this.#probabilities = new Float64Array(model.classes);
    const out = this.#probabilities;
    model.predictRow(values, at, instrument, out, 0);
    let top = 0;
    const probabilities = new Array<number>(model.classes);
    for (let c = 0; c < model.classes; c++) {
      probabilities[c] = out[c]!;
      if (out[c]! > out[top]!) top = c;
    }
    scored.probabilities = probabilities;
    scored.predicted = classNames[top] ?? '';
    return scored;
  }
}

function blank({ published: { manifest, classNames } }: LoadedModel, instrument: string): Scored {
  return {
    model: manifest.model,
    version: manifest.version,
    featureSet: manifest.featureSet,
    instrument,
    classes: classNames as string[],
    probabilities: [],
    predicted: '',
    abstained: '',
    eventTimeUs: 0,
    ageUs: 0,
    price: 0,
    horizonUs: manifest.target?.horizonUs ?? 0,
  };
}

function requireSet({ published: { manifest } }: LoadedModel, featureSet: string, width: number): void {
  if (featureSet === manifest.featureSet && width === manifest.features.length) return;
  throw fail(
    'FEATURE_SET_MISMATCH',
    `model ${manifest.model} takes ${manifest.featureSet} (${manifest.features.length} features), not ${JSON.stringify(featureSet.slice(0, 200))}`,
  );
}

/** Float32 copy; what does not fit a finite float32 is NOT_FINITE. */
function finiteFloats(values: ArrayLike<number>, width: number): Float32Array {
  const matrix = new Float32Array(values.length);
  for (let i = 0; i < values.length; i++) {
    matrix[i] = values[i]!;
    if (!Number.isFinite(matrix[i])) {
      throw fail('NOT_FINITE', `rows[${Math.floor(i / width)}][${i % width}] is not a finite float32`);
    }
  }
  return matrix;
}
