import { fail } from '#proto';
import { imbalance, micropriceBps, spreadBps } from './book.ts';
import type { Feature } from './feature.ts';
import { flow10s, interArrivalLog, tradeIntensity10s } from './flow.ts';
import { postAgeLog, postBurst, posts5m } from './posts.ts';
import { returnBps, reversion10s, reversion1s, volatility10s, volatility60s, zscore30s } from './price.ts';
import { featureSet, type FeatureSet, type Warmup } from './set.ts';

const WARMUP: Warmup = { events: 30, seconds: 10 };

/** What runs unless configured otherwise. A change of columns, order, formula or state is a new version. */
export const defaultFeatures: FeatureSet = featureSet({
  name: 'default',
  version: 1,
  features: [
    returnBps,
    reversion1s,
    reversion10s,
    volatility10s,
    volatility60s,
    zscore30s,
    spreadBps,
    imbalance,
    micropriceBps,
    flow10s,
    tradeIntensity10s,
    interArrivalLog,
    posts5m,
    postBurst,
    postAgeLog,
  ],
  warmup: WARMUP,
});

/** Every feature that ships, by name. */
export const shippedFeatures: ReadonlyMap<string, Feature> = new Map(
  defaultFeatures.features.map((feature) => [feature.name, feature]),
);

/**
 * A set of some of the shipped features, in the order asked for. Throws CONFIG_INVALID for a name that none has.
 * @default as.warmup that of the default set
 */
export function selectFeatures(
  names: readonly string[],
  as: { readonly name: string; readonly version: number; readonly warmup?: Warmup },
): FeatureSet {
  const features = names.map((name) => {
    const feature = shippedFeatures.get(name);
    if (feature === undefined) {
      throw fail('CONFIG_INVALID', `no feature is named '${name}'; there are: ${[...shippedFeatures.keys()].join(', ')}`);
    }
    return feature;
  });
  return featureSet({ name: as.name, version: as.version, features, warmup: as.warmup ?? WARMUP });
}
