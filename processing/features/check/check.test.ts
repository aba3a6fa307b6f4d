import { describe, expect, test } from '@jest/globals';
import { checkFeatures, compactFeatures, featureSet, defaultFeatures, sampleEvents, type Feature, type FeatureFinding, type FeatureKernel } from '#features';

const events = sampleEvents(400, 5);

const feature = (name: string, create: () => FeatureKernel, width = 1): Feature => ({
  name, unit: '1', doc: { what: 'A test.', formula: '…', source: 'this test' }, width, create,
});
const honest = feature('honest', () => ({ update: (state, at, event) => (state[at] = 0.9 * state[at]! + event.logPrice) }));

/** What is found of each feature of a set of an honest one and these. */
function findings(...cheats: Feature[]): Record<string, FeatureFinding['check'][]> {
  const set = featureSet({ name: 'checked', version: 1, features: [honest, ...cheats], warmup: { events: 0, seconds: 0 } });
  return Object.fromEntries(checkFeatures(set, events).map((c) => [c.feature, [...new Set(c.findings.map(({ check }) => check))]]));
}

describe('features that cheat are named, and what they do', () => {
  const seen: number[] = [];
  const { random } = Math;
  let shared = 0;
  test.each<[string, Feature, FeatureFinding['check']]>([
    ['peeks at the next row of the batch', feature('cheat', () => ({ update: (_s, _a, e) => e.ticks.receiptTime[e.index + 1] === undefined ? 0 : e.ticks.bid[e.index + 1]! })), 'future'],
    ['peeks through a buffer of its module, filled by an earlier run', feature('cheat', () => ({
      update: (state, at, e) => {
        const k = state[at]!++;
        seen[k] ??= e.price;
        return seen[k + 1] ?? 0;
      },
    })), 'repeat'],
    ['asks for the time', feature('cheat', () => ({ update: () => Date.now() })), 'clock'],
    ['asks for the hour by the wall clock', feature('cheat', () => ({ update: () => new Date().getUTCHours() })), 'clock'],
    ['throws dice', feature('cheat', () => ({ update: () => Math.random() })), 'clock'],
    ['throws dice it took before', feature('cheat', () => ({ update: () => random() })), 'repeat'],
    ['depends on the size of the batch', feature('cheat', () => ({ update: (_s, _a, e) => e.ticks.length })), 'batch'],
    ['depends on its place in the batch', feature('cheat', () => ({ update: (_s, _a, e) => e.index })), 'batch'],
    ['writes behind its state', feature('cheat', () => ({ update: (state, at) => (state[at + 1] = 5) })), 'bounds'],
    ['writes before its state', feature('cheat', () => ({ update: (state, at) => (state[at - 1] = 5) })), 'bounds'],
    ['writes outside its state at a post', feature('cheat', () => ({ update: () => 0, post: (state, at) => { state[at + 1] = 5; } })), 'bounds'],
    ["reads the engine's own state", feature('cheat', () => ({ update: (state, at) => state[at - 1]! })), 'bounds'],
    ['changes its tick', feature('cheat', () => ({ update: (_s, _a, e) => (e.ticks.price[e.index] = 1) })), 'bounds'],
    ['changes the event', feature('cheat', () => ({ update: (_s, _a, e) => ((e as { price: number }).price = 1) })), 'bounds'],
    ['keeps memory in a closure', feature('cheat', () => {
      let sum = 0;
      return { update: (_s, _a, e) => (sum = 0.5 * sum + e.logPrice) };
    }), 'restore'],
    ['mixes instruments', feature('cheat', () => {
      let sum = 0;
      return { update: (_s, _a, e) => (sum = 0.5 * sum + e.logPrice) };
    }), 'instrument'],
    ['keeps memory in its module', feature('cheat', () => ({ update: () => ++shared })), 'repeat'],
    ['lets its state overflow', feature('cheat', () => ({ update: (state, at, e) => (state[at] = state[at]! + e.price * 1e300) })), 'bounds'],
    ['throws', feature('cheat', () => ({ update: () => { throw new Error('oh'); } })), 'error'],
  ])('%s', (_, cheat, check) => {
    const found = findings(cheat);
    expect(found['cheat']).toContain(check);
    expect(found['honest']).toEqual([]);
  });

  test('leaves the globals as they were', () => {
    const before = globalThis.Date;
    findings(feature('cheat', () => ({ update: () => Date.now() + Math.random() })));
    expect(globalThis.Date).toBe(before);
    expect(findings(feature('date', () => ({ update: (_s, _a, e) => new Date(e.eventTime / 1e3).getUTCDay() }), 0))['date']).toEqual([]);
  });
});

test('a date made of the time of the event is no clock', () => {
  const hour = feature('hour', () => ({ update: (_s, _a, e) => new Date(e.eventTime / 1e3).getUTCHours() }), 0);
  expect(findings(hour)['hour']).toEqual([]);
});

test.each([[compactFeatures], [defaultFeatures]])('no feature that ships cheats ($id)', (set) => {
  const found = checkFeatures(set, events).flatMap(({ feature: name, findings: list }) => list.map(({ message }) => `${name}: ${message}`));
  expect(found).toEqual([]);
});

test('memory is told: that of a sum of all is all, that of the newest quote short', () => {
  const sum = feature('sum', () => ({ update: (state, at, e) => (state[at] = state[at]! + e.logPrice) }));
  const set = featureSet({ name: 'checked', version: 1, features: [sum, honest, compactFeatures.features[6]!], warmup: { events: 0, seconds: 0 } });
  const memory = checkFeatures(set, events).map(({ memoryEvents }) => memoryEvents);
  expect(memory[0]).toBeNull();
  expect(memory[2]).toBeLessThanOrEqual(100);
});
