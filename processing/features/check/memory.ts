import type { Feature } from '../feature.ts';
import { batched, type CheckEvent, type Stream } from './events.ts';
import { engineOf, values, type SentimentOf } from './fold.ts';

const SHARES = [1 / 64, 1 / 32, 1 / 16, 1 / 8, 1 / 4, 1 / 2];
const NEWEST = 20;
const TOLERANCE = 0.01;

/** The newest events alone: shorter and longer stretches of them. */
export function lateStarts(events: readonly CheckEvent[]): Stream[] {
  return SHARES.map((share) => {
    const late = events.slice(-Math.max(NEWEST, Math.floor(share * events.length)));
    return batched(late, late.length);
  });
}

/** Events after which a late start gives the same newest rows; null: more than half of those given. */
export function memoryOf(feature: Feature, whole: Stream, late: readonly Stream[], sentimentOf: SentimentOf): number | null {
  const all = values(engineOf(feature, sentimentOf), whole);
  const scale = deviation(all.filter((value) => !Number.isNaN(value)));
  const newest = all.slice(-NEWEST);
  for (const stream of late) {
    const rows = values(engineOf(feature, sentimentOf), stream).slice(-NEWEST);
    if (rows.every((value, k) => Number.isNaN(value) || Math.abs(value - newest[k]!) <= TOLERANCE * scale)) return stream.events.length;
  }
  return null;
}

function deviation(sample: Float64Array): number {
  const mean = sample.reduce((sum, value) => sum + value, 0) / sample.length;
  return Math.sqrt(sample.reduce((sum, value) => sum + (value - mean) ** 2, 0) / sample.length);
}
