import { fail } from '#proto';
import type { Feature } from './feature.ts';

/** When a row is worth learning from: enough events, over enough event time, with a known price. */
export interface Warmup {
  readonly events: number;
  readonly seconds: number;
}

/** A versioned list of columns. Rows, snapshots and states of different ids never mix. */
export interface FeatureSet {
  /** `name@version`. */
  readonly id: string;
  /** Column names, in order. */
  readonly names: readonly string[];
  readonly features: readonly Feature[];
  readonly warmup: Warmup;
}

export interface FeatureSetOptions {
  readonly name: string;
  readonly version: number;
  readonly features: readonly Feature[];
  readonly warmup: Warmup;
}

/** Columns of a user's, perhaps behind those of another set. */
export interface ComposedSetOptions {
  readonly name: string;
  /** A number, or a digest. */
  readonly version: number | string;
  readonly features: readonly Feature[];
  readonly warmup: Warmup;
  readonly base?: FeatureSet;
}

const NAME = /^[a-z][a-z0-9_-]*$/;

/** Check and freeze a set. Throws CONFIG_INVALID: no columns, a name twice, an unfit name, version, width or warm-up. */
export function featureSet(options: FeatureSetOptions): FeatureSet {
  return composedSet(options);
}

/** The same, for sets of users: its id is `name@version`, `base+name@version` behind a base. */
export function composedSet({ name, version, features: own, warmup, base }: ComposedSetOptions): FeatureSet {
  const id = `${base ? `${base.id}+` : ''}${name}@${version}`;
  const refuse = (why: string): never => {
    throw fail('CONFIG_INVALID', `feature set ${id}: ${why}`, { details: { name, version } });
  };
  if (!NAME.test(name)) refuse(`the name must match ${NAME.source}`);
  if (typeof version === 'number' && (!Number.isSafeInteger(version) || version < 1)) {
    refuse('the version must be a whole number from 1 on');
  }
  if (own.length === 0) refuse('it has no features');
  if (!(warmup.events >= 0 && warmup.seconds >= 0)) refuse('warm-up events and seconds must be 0 or more');

  const features = [...(base?.features ?? []), ...own];
  const names = new Set<string>();
  for (const feature of features) {
    if (!NAME.test(feature.name)) refuse(`feature name '${feature.name}' must match ${NAME.source}`);
    if (names.has(feature.name)) refuse(`feature '${feature.name}' stands in it twice`);
    if (!Number.isSafeInteger(feature.width) || feature.width < 0) {
      refuse(`state width ${feature.width} of feature '${feature.name}' is not a whole number from 0 on`);
    }
    names.add(feature.name);
  }
  return Object.freeze({
    id,
    names: Object.freeze([...names]),
    features: Object.freeze(features),
    warmup: Object.freeze({ events: warmup.events, seconds: warmup.seconds }),
  });
}
