import { describe, expect, test } from '@jest/globals';
import { hasCode } from '#proto';
import {
  FeatureEngine,
  compactFeatures,
  featureSet,
  selectFeatures,
  shippedFeatures,
  type Feature,
  type FeatureSetOptions,
} from '#features';

function refused(action: () => unknown): boolean {
  try {
    action();
  } catch (error) {
    return hasCode(error, 'CONFIG_INVALID');
  }
  return false;
}

const feature = (name: string, more: Partial<Feature> = {}): Feature => ({
  name,
  unit: '1',
  doc: { what: 'Nothing.', formula: '0', source: 'this test' },
  width: 0,
  create: () => ({ update: () => 0 }),
  ...more,
});

describe('a feature set', () => {
  const good: FeatureSetOptions = { name: 'mine', version: 2, features: [feature('a'), feature('b')], warmup: { events: 1, seconds: 0 } };

  test('is named name@version and keeps the order of its columns', () => {
    const set = featureSet(good);
    expect(set.id).toBe('mine@2');
    expect(set.names).toEqual(['a', 'b']);
    expect(Object.isFrozen(set.features) && Object.isFrozen(set.names) && Object.isFrozen(set)).toBe(true);
  });

  test.each<[string, Partial<FeatureSetOptions>]>([
    ['a name twice', { features: [feature('a'), feature('b'), feature('a')] }],
    ['no features', { features: [] }],
    ['an unfit set name', { name: 'mine@1' }],
    ['an unfit feature name', { features: [feature('a b')] }],
    ['version 0', { version: 0 }],
    ['a fractional version', { version: 1.5 }],
    ['a negative state width', { features: [feature('a', { width: -1 })] }],
    ['a warm-up that is not a number', { warmup: { events: NaN, seconds: 0 } }],
  ])('is refused for %s', (_, change) => {
    expect(refused(() => featureSet(good))).toBe(false);
    expect(refused(() => featureSet({ ...good, ...change }))).toBe(true);
  });

  test('is refused by the engine for a half-life of 0', () => {
    const create: Feature['create'] = (env) => {
      env.decay(0);
      return { update: () => 0 };
    };
    const set = featureSet({ ...good, features: [feature('a', { create })] });
    expect(refused(() => new FeatureEngine(set))).toBe(true);
  });
});

describe('shipped features', () => {
  test('default@1 has the columns it was released with', () => {
    expect(compactFeatures.id).toBe('default@1');
    expect(compactFeatures.names).toEqual([
      'return_bps', 'reversion_1s_bps', 'reversion_10s_bps', 'volatility_10s_bps', 'volatility_60s_bps', 'zscore_30s',
      'spread_bps', 'imbalance', 'microprice_bps', 'flow_10s', 'trade_intensity_10s', 'inter_arrival_log',
      'posts_5m', 'post_burst', 'post_age_log',
    ]);
    expect(compactFeatures.warmup).toEqual({ events: 30, seconds: 10 });
  });

  test('each says its unit, what it is, its formula and where that is from', () => {
    for (const { unit, doc } of shippedFeatures.values()) {
      for (const text of [unit, doc.what, doc.formula, doc.source]) expect(text.trim()).not.toBe('');
    }
  });

  test('are selected by name, in the order asked for', () => {
    const set = selectFeatures(['imbalance', 'return_bps'], { name: 'few', version: 3 });
    expect([set.id, ...set.names]).toEqual(['few@3', 'imbalance', 'return_bps']);
    expect(set.warmup).toEqual(compactFeatures.warmup);
    expect(refused(() => selectFeatures(['imbalances'], { name: 'few', version: 3 }))).toBe(true);
    expect(refused(() => selectFeatures(['imbalance', 'imbalance'], { name: 'few', version: 3 }))).toBe(true);
  });
});
