import type { Post } from '#proto';
import { FeatureEngine } from '../engine.ts';
import type { Feature } from '../feature.ts';
import { featureSet } from '../set.ts';
import { instrumentOf, type Stream } from './events.ts';

export type SentimentOf = (post: Post) => number;

/** An engine with this feature alone. */
export function engineOf(feature: Feature, sentimentOf: SentimentOf): FeatureEngine {
  const set = featureSet({ name: 'checked', version: 1, features: [feature], warmup: { events: 0, seconds: 0 } });
  return new FeatureEngine(set, { sentimentOf });
}

/** Value of column `column` after each event from `from` to before `to`; NaN for a post. */
export function values(engine: FeatureEngine, stream: Stream, from = 0, to = stream.events.length, column = 0): Float64Array {
  const out = new Float64Array(to - from);
  const row = new Float32Array(engine.width);
  for (let k = from; k < to; k++) {
    const event = stream.events[k]!;
    const id = engine.idOf(instrumentOf(event));
    const place = stream.places[k];
    if (event.type === 'post') engine.post(id, event.time, event.post);
    if (place !== undefined) engine.update(id, place.ticks, place.row, row, 0);
    out[k - from] = place === undefined ? NaN : row[column]!;
  }
  return out;
}

/** First index at which the two differ, -1 when they are equal. */
export function difference(a: Float64Array, b: Float64Array): number {
  for (let k = 0; k < Math.min(a.length, b.length); k++) if (!Object.is(a[k], b[k])) return k;
  return -1;
}
