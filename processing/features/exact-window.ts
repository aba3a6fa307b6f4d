import { fail } from '#proto';
import type { Feature, FeatureEvent } from './feature.ts';
import { ringAggregate } from './window-aggregate.ts';
import { ringQuantile } from './window-quantile.ts';
import type { Window, WindowSize } from './window-ring.ts';

/** What is made of the values in a window. A quantile between two values is interpolated (Hyndman & Fan's type 7). */
export type WindowAggregate = 'count' | 'sum' | 'mean' | 'min' | 'max' | { readonly quantile: number };

export interface ExactWindowOptions {
  readonly name: string;
  readonly unit: string;
  readonly doc: Feature['doc'];
  /**
   * The last `seconds` of event time (an event at exactly that age is out), at most the newest `capacity` values of them;
   * or the newest `events` values.
   */
  readonly over: { readonly seconds: number; readonly capacity: number } | { readonly events: number };
  readonly aggregate: WindowAggregate;
  /** Value that a tick adds; one that is not finite adds nothing, one beyond ±1e100 is cut there. */
  readonly value: (event: FeatureEvent) => number;
  /** Ticks that add a value. @default those with a known price */
  readonly when?: (event: FeatureEvent) => boolean;
  /** Column made of the aggregate. @default the aggregate itself */
  readonly result?: (aggregate: number, event: FeatureEvent) => number;
  /** Column while the window is empty. @default 0 */
  readonly empty?: number;
}

/** So that a state of any one window fits a checkpoint record of a MiB. */
const MAX_CAPACITY = 32_768;

const priced = (event: FeatureEvent): boolean => event.price > 0;
const itself = (aggregate: number): number => aggregate;

/**
 * A feature over an exact sliding window, for those who ask and pay. Its state is as wide as its capacity allows, in the
 * state row like every feature's, so checkpoints, restoration and sets without windows know nothing of it. Values of
 * 8 bytes an instrument: 5 + capacity (newest `events`) or 5 + 2 · capacity (`seconds`); quantiles need capacity more.
 * A checkpoint writes all of it, for each instrument that changed.
 *
 * Time: amortised O(1) a tick (once every `capacity` ticks O(capacity)); a quantile moves up to `capacity` values a tick.
 * Sums never drift: each is a sum of the values in the window alone.
 *
 * Overflow: when `capacity` values came within `seconds`, the oldest is dropped for the newest; the window is then that
 * of the newest `capacity` values. A column of `aggregate: 'count'` shows it: it stands at `capacity`.
 *
 * Throws CONFIG_INVALID for a span, capacity or quantile out of range.
 *
 * Source: Tangwongsan, Hirzel & Schneider, In-Order Sliding-Window Aggregation in Worst-Case Constant Time (2021): Two-Stacks Lite.
 */
export function exactWindow(options: ExactWindowOptions): Feature {
  const { name, unit, doc, aggregate, value, when = priced, result = itself, empty = 0 } = options;
  const size = sizeOf(options);
  return {
    name,
    unit,
    doc,
    width: windowOf(aggregate, size).width,
    create() {
      const { fold } = windowOf(aggregate, size);
      return {
        update(state, at, event) {
          const adds = when(event);
          const folded = fold(state, at, event.eventTime, adds ? value(event) : NaN);
          return Number.isNaN(folded) ? empty : result(folded, event);
        },
      };
    },
  };
}

function sizeOf({ name, over, aggregate }: ExactWindowOptions): WindowSize {
  const refuse = (why: string): never => {
    throw fail('CONFIG_INVALID', `exact window '${name}': ${why}`);
  };
  const timed = 'seconds' in over;
  const capacity = timed ? over.capacity : over.events;
  if (timed && !(over.seconds > 0 && over.seconds < Infinity)) refuse('seconds must be above 0 and finite');
  if (!(Number.isSafeInteger(capacity) && capacity >= 1 && capacity <= MAX_CAPACITY)) {
    refuse(`${timed ? 'capacity' : 'events'} must be a whole number from 1 to ${MAX_CAPACITY}`);
  }
  if (typeof aggregate === 'object' && !(aggregate.quantile >= 0 && aggregate.quantile <= 1)) {
    refuse('a quantile must be from 0 to 1');
  }
  return { capacity, spanUs: timed ? over.seconds * 1e6 : null };
}

function windowOf(aggregate: WindowAggregate, size: WindowSize): Window {
  return typeof aggregate === 'object' ? ringQuantile(aggregate.quantile, size) : ringAggregate(aggregate, size);
}
