import { FeatureEngine } from '../engine.ts';
import type { Feature } from '../feature.ts';
import type { FeatureSet } from '../set.ts';
import { ambientUse } from './ambient.ts';
import { batched, hostileEvents, instrumentOf, perturbed, type CheckEvent, type Stream } from './events.ts';
import { difference, engineOf, values, type SentimentOf } from './fold.ts';
import { guarded } from './guard.ts';
import { lateStarts, memoryOf } from './memory.ts';

export interface FeatureFinding {
  /** What was broken. */
  readonly check: 'bounds' | 'clock' | 'repeat' | 'batch' | 'future' | 'restore' | 'instrument' | 'neighbour' | 'error';
  readonly message: string;
}

export interface FeatureCheck {
  readonly feature: string;
  /** Float64 values of state. */
  readonly width: number;
  /** Empty: it is honest, on these events. */
  readonly findings: readonly FeatureFinding[];
  /** Events after which a late start gives the same newest rows, within 1 % of the column's deviation; null: more than half of those given. */
  readonly memoryEvents: number | null;
}

export interface CheckOptions {
  /** @default a made-up one that depends on the text */
  readonly sentimentOf?: SentimentOf;
}

/** How many places the events are cut at. */
const CUTS = 4;
const HOSTILE = 300;

/** Some 2,000 of `sampleEvents`, or of a recording, are enough. Checks each feature of the set, alone; the order is the set's. */
export function checkFeatures(set: FeatureSet, events: readonly CheckEvent[], options: CheckOptions = {}): FeatureCheck[] {
  const sentimentOf: SentimentOf = options.sentimentOf ?? ((post) => (post.text.length % 3) - 1);
  const check = prepared(events, sentimentOf);
  const checked = set.features.map((feature): FeatureCheck => {
    const findings: FeatureFinding[] = [];
    let memoryEvents: number | null = null;
    try {
      findings.push(...findingsOf(feature, check));
      memoryEvents = memoryOf(feature, check.whole, check.late, sentimentOf);
    } catch (error) {
      findings.push({ check: 'error', message: `throws: ${error instanceof Error ? error.message : String(error)}` });
    }
    return { feature: feature.name, width: feature.width, findings, memoryEvents };
  });
  return checked.some(({ findings }) => findings.length > 0) ? checked : neighbours(set, check, checked);
}

/** The streams that every feature is run over; those between guards are made anew for each, as it may change them. */
interface Check {
  readonly whole: Stream;
  readonly batches: readonly { readonly size: number; readonly stream: Stream }[];
  readonly futures: readonly { readonly cut: number; readonly stream: Stream }[];
  readonly alone: readonly { readonly name: string; readonly mine: readonly boolean[]; readonly stream: Stream }[];
  readonly late: readonly Stream[];
  readonly hostile: readonly CheckEvent[];
  readonly sentimentOf: SentimentOf;
}

function prepared(events: readonly CheckEvent[], sentimentOf: SentimentOf): Check {
  const cuts = Array.from({ length: CUTS }, (_, c) => Math.floor(((c + 1) * events.length) / (CUTS + 1)));
  return {
    whole: batched(events, events.length),
    batches: [1, 7].map((size) => ({ size, stream: batched(events, size) })),
    futures: cuts.map((cut) => ({ cut, stream: batched([...events.slice(0, cut), ...perturbed(events.slice(cut), cut)], events.length) })),
    alone: [...new Set(events.map(instrumentOf))].map((name) => {
      const mine = events.map((event) => instrumentOf(event) === name);
      return { name, mine, stream: batched(events.filter((_, k) => mine[k]), events.length) };
    }),
    late: lateStarts(events),
    hostile: hostileEvents(HOSTILE),
    sentimentOf,
  };
}

function findingsOf(feature: Feature, { whole, batches, futures, alone, hostile, sentimentOf }: Check): FeatureFinding[] {
  const findings = new Map<string, FeatureFinding>();
  const add = (check: FeatureFinding['check'], message: string): void => {
    findings.set(message, { check, message });
  };
  const fresh = (): FeatureEngine => engineOf(feature, sentimentOf);
  const between = (events: readonly CheckEvent[], suffix = ''): Float64Array =>
    values(engineOf(guarded(feature, (message) => { add('bounds', `${message}${suffix}`); }), sentimentOf), batched(events, events.length));

  // Bounds come first: a feature that writes to events or to others' state would spoil the rest.
  // The very first run counts: it alone cannot know what a later one will see, through a buffer that outlives a run.
  const earliest = between(whole.events);
  between(hostile, ', with extreme but valid ticks');
  if (findings.size > 0) return [...findings.values()];

  let first: Float64Array = new Float64Array(0);
  for (const name of ambientUse(() => { first = values(fresh(), whole); })) add('clock', `asks for ${name}`);
  const outside = difference(first, between(whole.events));
  const again = Math.max(difference(first, values(fresh(), whole)), outside === -1 ? difference(first, earliest) : -1);
  if (again !== -1) add('repeat', `two runs over the same events differ at event ${again}: it depends on a clock, on random numbers or on memory outside its state`);
  if (findings.size > 0) return [...findings.values()];
  if (outside !== -1) add('bounds', `reads outside its state, or depends on where its state lies (event ${outside})`);
  for (const { size, stream } of batches) {
    const at = difference(first, values(fresh(), stream));
    if (at !== -1) add('batch', `event ${at} has another value in batches of ${size}`);
  }
  for (const { cut, stream } of futures) {
    const at = difference(first, values(fresh(), stream, 0, cut));
    if (at !== -1) add('future', `event ${at} changes when events from ${cut} on do: it sees the future`);
    const resumed = difference(first.subarray(cut), values(restored(fresh, whole, cut), whole, cut));
    if (resumed !== -1) add('restore', `after a restart at event ${cut}, event ${cut + resumed} differs: it keeps memory outside its state`);
  }
  for (const { name, mine, stream } of alone) {
    const at = difference(first.filter((_, k) => mine[k]), values(fresh(), stream));
    if (at !== -1) add('instrument', `event ${at} of ${name} differs when there are no other instruments`);
  }
  return [...findings.values()];
}

function restored(fresh: () => FeatureEngine, stream: Stream, cut: number): FeatureEngine {
  const before = fresh();
  values(before, stream, 0, cut);
  const after = fresh();
  for (let id = before.size - 1; id >= 0; id--) after.loadState(before.nameOf(id), before.saveState(id));
  return after;
}

/** Each column in the whole set must be what it is alone. */
function neighbours(set: FeatureSet, { whole, sentimentOf }: Check, checked: readonly FeatureCheck[]): FeatureCheck[] {
  return checked.map((check, column) => {
    const among = values(new FeatureEngine(set, { sentimentOf }), whole, 0, whole.events.length, column);
    const at = difference(among, values(engineOf(set.features[column]!, sentimentOf), whole));
    if (at === -1) return check;
    return { ...check, findings: [{ check: 'neighbour', message: `event ${at} has another value beside the other features of the set` }] };
  });
}
