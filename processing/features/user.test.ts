import { describe, expect, test } from '@jest/globals';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { hasCode } from '#proto';
import { FeatureEngine, checkFeatures, compactFeatures, loadUserFeatures, sampleEvents, type Feature } from '#features';

const feature: Feature = {
  name: 'mine',
  unit: '1',
  doc: { what: 'Nothing.', formula: '0', source: 'this test' },
  width: 0,
  create: () => ({ update: () => 0 }),
};

function refusal(module: unknown): string {
  try {
    loadUserFeatures(module, { source: '' });
  } catch (error) {
    return hasCode(error, 'CONFIG_INVALID') ? error.message : 'another error';
  }
  return '';
}

describe('a file of features', () => {
  test('makes a set named by its name and version, or its digest', () => {
    expect(loadUserFeatures({ features: [feature], name: 'own', version: 3 }, { source: '' }).id).toBe('own@3');
    const id = (source: string): string => loadUserFeatures({ features: [feature] }, { source }).id;
    expect(id('a')).toMatch(/^user@sha256-[0-9a-f]{12}$/);
    expect(id('a')).toBe(id('a'));
    expect(id('a')).not.toBe(id('b'));
  });

  test('comes behind the columns of a base', () => {
    const set = loadUserFeatures({ features: [feature], version: 1 }, { source: '', base: compactFeatures });
    expect(set.id).toBe('default@1+user@1');
    expect(set.names).toEqual([...compactFeatures.names, 'mine']);
    expect(set.warmup).toEqual(compactFeatures.warmup);
    expect(new FeatureEngine(set).width).toBe(16);
  });

  test.each<[string, unknown, RegExp]>([
    ['nothing', null, /no exports/],
    ['no features', {}, /exports no `features`/],
    ['an empty list', { features: [] }, /has no features/],
    ['a feature that is none', { features: [7] }, /feature 1: it is not an object/],
    ['no unit', { features: [{ ...feature, unit: '' }] }, /'mine': `unit`/],
    ['no source', { features: [{ ...feature, doc: { what: 'a', formula: 'b' } }] }, /'mine': `doc.source`/],
    ['no create', { features: [{ ...feature, create: 1 }] }, /`create` is not/],
    ['a create that throws', { features: [{ ...feature, create: () => { throw new Error('oh'); } }] }, /`create` of 'mine' throws: oh/],
    ['no update', { features: [{ ...feature, create: () => ({}) }] }, /gives no `update`/],
    ['a post that is no function', { features: [{ ...feature, create: () => ({ update: () => 0, post: 1 }) }] }, /`post` is not/],
    ['a width of a half', { features: [{ ...feature, width: 0.5 }] }, /state width 0.5/],
    ['a version of words', { features: [feature], version: 'two' }, /`version`/],
    ['a name twice', { features: [feature, feature] }, /twice/],
    ['an odd warm-up', { features: [feature], warmup: 3 }, /`warmup`/],
    ['a maker that throws', { features: () => { throw new Error('ah'); } }, /`features` throws: ah/],
  ])('with %s is refused, and it says why', (_, module, message) => {
    expect(refusal(module)).toMatch(message);
  });

  test('of the examples loads, and none of its features cheats', async () => {
    const module: unknown = await import(pathToFileURL(path.resolve('examples/features/reversal.js')).href);
    const set = loadUserFeatures(module, { source: '' });
    expect(set.names).toEqual(['trade_bounce_5s_bps', 'below_high_1min_bps']);
    expect(checkFeatures(set, sampleEvents(600)).flatMap(({ findings }) => findings)).toEqual([]);
  });
});
