import { fail } from '#proto';
import { authors15m } from './authors.ts';
import { imbalanceMean10s, orderFlow10s, spreadMean60s } from './book-means.ts';
import { imbalance, micropriceBps, spreadBps } from './book.ts';
import { dayCos, daySin, weekCos, weekSin } from './calendar.ts';
import type { Feature } from './feature.ts';
import { flow10s, flow1s, flow60s, interArrivalLog, tradeIntensity10s } from './flow.ts';
import { aboveLow60s, belowHigh60s, return50n, return5n, rsi14, volatility50n } from './moves.ts';
import { postAgeLog, postBurst, posts5m } from './posts.ts';
import { returnBps, reversion10m, reversion10s, reversion1s, reversion60s, volatility10m, volatility10s, volatility60s, zscore30s, zscore5m } from './price.ts';
import { sentiment1h, sentimentSurprise5m } from './sentiment.ts';
import { featureSet, type FeatureSet, type Warmup } from './set.ts';
import { interArrivalMeanLog, tradeMidBps, vwapDeviation60s } from './trades.ts';

const WARMUP: Warmup = { events: 30, seconds: 10 };

/** The small set: 15 columns in 200 bytes an instrument. A change of columns, order, formula or state is a new version. */
export const compactFeatures: FeatureSet = featureSet({
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

/**
 * What runs unless configured otherwise: 40 columns in 448 bytes an instrument. Sentiment is VADER's (#posts). A change of
 * columns, order, formula, state, or of what sentiment a text has, is a new version.
 */
export const defaultFeatures: FeatureSet = featureSet({
  name: 'default',
  version: 2,
  features: [
    // The price: returns, deviations, volatility.
    returnBps, reversion1s, reversion10s, reversion60s, reversion10m, return5n, return50n,
    volatility10s, volatility60s, volatility10m, volatility50n,
    zscore30s, zscore5m, rsi14, belowHigh60s, aboveLow60s,
    // The book.
    spreadBps, spreadMean60s, imbalance, imbalanceMean10s, micropriceBps, orderFlow10s,
    // Trades and pace.
    flow1s, flow10s, flow60s, tradeIntensity10s, vwapDeviation60s, tradeMidBps, interArrivalLog, interArrivalMeanLog,
    // The clock.
    daySin, dayCos, weekSin, weekCos,
    // Posts.
    posts5m, postBurst, postAgeLog, authors15m, sentiment1h, sentimentSurprise5m,
  ],
  warmup: WARMUP,
});

/** The sets that ship, by id: a state of an older one can be carried on with. */
export const shippedSets: ReadonlyMap<string, FeatureSet> = new Map([compactFeatures, defaultFeatures].map((set) => [set.id, set]));

/** Every feature that ships, by name. */
export const shippedFeatures: ReadonlyMap<string, Feature> = new Map(
  [...compactFeatures.features, ...defaultFeatures.features].map((feature) => [feature.name, feature]),
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
