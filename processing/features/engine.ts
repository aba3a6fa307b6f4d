import { createTicks, fail, type Post, type TickColumns } from '#proto';
import { ASK, BID, COMMON_WIDTH, EVENTS, FIRST_TIME, LAST_TIME, PRICE, TickEvent, foldTick } from './common.ts';
import { compile, type CompiledSet } from './compile.ts';
import { DirtySet } from './dirty.ts';
import type { WriteRow } from './rows.ts';
import type { FeatureSet } from './set.ts';
import { Slab } from './slab.ts';

const MICROSECONDS = 1e6;
const { exp } = Math;

export interface FeatureEngineOptions {
  /**
   * Sentiment of a post, in [-1, 1]; must be a pure function of it. NaN counts as 0, what is beyond is cut. Part of what
   * rows depend on: give every worker of a pipeline the same one.
   * @default every post is neutral: 0
   */
  readonly sentimentOf?: (post: Post) => number;
}

/** Into [-1, 1]; NaN becomes 0. */
const unit = (value: number): number => (value > 1 ? 1 : value < -1 ? -1 : Number.isNaN(value) ? 0 : value);
const neutral = (): number => 0;

/**
 * Events → rolling state → rows. State of an instrument is one row of float64, updated in O(1); a row of features is a
 * pure function of the ticks and posts folded into its instrument so far, in their order.
 *
 * Ticks must be valid (finite, prices ≥ 0) and no watermarks; ids must be those `idOf` gave.
 */
export class FeatureEngine {
  readonly set: FeatureSet;
  /** Columns of a row. */
  readonly width: number;
  /** Float64 values of state an instrument; 8 bytes each. */
  readonly stateWidth: number;
  readonly #compiled: CompiledSet;
  readonly #rates: Float64Array;
  readonly #writeRow: WriteRow;
  readonly #slab: Slab;
  readonly #sentimentOf: (post: Post) => number;
  readonly #dirty = new DirtySet();
  readonly #ids = new Map<string, number>();
  readonly #names: string[] = [];
  readonly #event: TickEvent;
  readonly #warmEvents: number;
  readonly #warmTime: number;

  constructor(set: FeatureSet, options: FeatureEngineOptions = {}) {
    this.set = set;
    this.#sentimentOf = options.sentimentOf ?? neutral;
    this.#compiled = compile(set.features, COMMON_WIDTH);
    this.width = set.features.length;
    this.stateWidth = this.#compiled.stateWidth;
    this.#rates = this.#compiled.rates;
    this.#writeRow = this.#compiled.writeRow;
    this.#slab = new Slab(this.stateWidth);
    this.#event = new TickEvent(this.#rates.length, createTicks(0, ''));
    this.#warmEvents = set.warmup.events;
    this.#warmTime = set.warmup.seconds * MICROSECONDS;
  }

  /** Instruments known. */
  get size(): number {
    return this.#slab.size;
  }

  /** Id of an instrument: dense, in order of first appearance; adds it. */
  idOf(instrument: string): number {
    const known = this.#ids.get(instrument);
    if (known !== undefined) return known;
    const id = this.#slab.add();
    this.#ids.set(instrument, id);
    this.#names.push(instrument);
    this.#dirty.reserve(id);
    this.#compiled.init(this.#slab.chunk(id), this.#slab.offset(id));
    return id;
  }

  /** Id of an instrument, -1 when unknown. */
  find(instrument: string): number {
    return this.#ids.get(instrument) ?? -1;
  }

  nameOf(id: number): string {
    return this.#names[id] ?? '';
  }

  /** Fold tick `i` of `ticks` into instrument `id`; writes the row at `out[at .. at + width)`. 1 when warm, else 0. */
  update(id: number, ticks: TickColumns, i: number, out: Float32Array, at: number): number {
    const state = this.#slab.chunk(id);
    const base = this.#slab.offset(id);
    const event = this.#event;
    foldTick(state, base, ticks, i, event);

    const rates = this.#rates;
    const decays = event.decays;
    const seconds = event.seconds;
    for (let k = 0; k < rates.length; k++) decays[k] = seconds === 0 ? 1 : exp(seconds * rates[k]!);
    this.#writeRow(state, base, event, out, at);

    this.#dirty.add(id);
    return state[base + EVENTS]! >= this.#warmEvents &&
      state[base + LAST_TIME]! - state[base + FIRST_TIME]! >= this.#warmTime &&
      state[base + PRICE]! > 0
      ? 1
      : 0;
  }

  /** Fold a post received at `time`, µs. Writes no row: the next tick's reflects it. */
  post(id: number, time: number, post: Post): void {
    const state = this.#slab.chunk(id);
    const base = this.#slab.offset(id);
    const sentiment = unit(this.#sentimentOf(post));
    for (const { offset, fold } of this.#compiled.posts) fold(state, base + offset, time, post, sentiment);
    this.#dirty.add(id);
  }

  /** Reference price: mid of the newest two-sided quote, else the last trade or bar price; 0 when unknown. */
  price(id: number): number {
    return this.#slab.chunk(id)[this.#slab.offset(id) + PRICE]!;
  }

  /** Bid of the newest two-sided quote, 0 when unknown. */
  bid(id: number): number {
    return this.#slab.chunk(id)[this.#slab.offset(id) + BID]!;
  }

  /** Ask of the newest two-sided quote, 0 when unknown. */
  ask(id: number): number {
    return this.#slab.chunk(id)[this.#slab.offset(id) + ASK]!;
  }

  /** A copy of the instrument's state row: `stateWidth` values. */
  saveState(id: number): Float64Array {
    return this.#slab.row(id).slice();
  }

  /** Put a state row back; adds the instrument. Does not make it dirty. Throws FEATURE_SET_MISMATCH for a wrong length. */
  loadState(instrument: string, state: Float64Array): void {
    if (state.length !== this.stateWidth) {
      throw fail(
        'FEATURE_SET_MISMATCH',
        `state of ${instrument} has ${state.length} values; feature set ${this.set.id} has ${this.stateWidth}`,
        { details: { instrument, length: state.length, expected: this.stateWidth, set: this.set.id } },
      );
    }
    this.#slab.row(this.idOf(instrument)).set(state);
  }

  /** Instruments changed by a tick or a post since the last call, ascending ids. */
  takeDirty(): number[] {
    return this.#dirty.take();
  }
}
