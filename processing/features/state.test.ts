import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { hasCode } from '#proto';
import { FeatureEngine, compactFeatures } from '#features';
import { START, fold, foldAll, quote, streams, trade } from './testing/streams.ts';

describe('state', () => {
  test('put back, it goes on bit for bit', () => {
    fc.assert(
      fc.property(streams(60), streams(60), (past, future) => {
        const engine = new FeatureEngine(compactFeatures);
        foldAll(engine, past);
        const restored = new FeatureEngine(compactFeatures);
        // In another order than that of first appearance: ids are not part of the state.
        for (let id = engine.size - 1; id >= 0; id--) restored.loadState(engine.nameOf(id), engine.saveState(id));
        expect(foldAll(restored, future)).toEqual(foldAll(engine, future));
        for (let id = 0; id < engine.size; id++) {
          expect(restored.saveState(restored.find(engine.nameOf(id)))).toEqual(engine.saveState(id));
        }
      }),
    );
  });

  test('is a copy', () => {
    const engine = new FeatureEngine(compactFeatures);
    fold(engine, quote('x:A', 0, 1, 2));
    engine.saveState(0).fill(9);
    expect(engine.bid(0)).toBe(1);
  });

  test('of another width is refused with FEATURE_SET_MISMATCH', () => {
    const engine = new FeatureEngine(compactFeatures);
    let error: unknown;
    try {
      engine.loadState('x:A', new Float64Array(engine.stateWidth + 1));
    } catch (thrown) {
      error = thrown;
    }
    expect(hasCode(error, 'FEATURE_SET_MISMATCH')).toBe(true);
    expect(engine.size).toBe(0);
  });

  test('of the default set takes at most 450 bytes an instrument', () => {
    expect(8 * new FeatureEngine(compactFeatures).stateWidth).toBeLessThanOrEqual(450);
  });

  test('of thousands of instruments is kept apart', () => {
    const engine = new FeatureEngine(compactFeatures);
    for (let k = 1; k <= 5_000; k++) fold(engine, quote(`x:${k}`, 0, k, k + 2));
    expect(engine.size).toBe(5_000);
    for (let id = 0; id < 5_000; id++) {
      expect([engine.nameOf(id), engine.find(`x:${id + 1}`), engine.price(id)]).toEqual([`x:${id + 1}`, id, id + 2]);
    }
    expect(engine.find('x:unknown')).toBe(-1);
    expect(engine.takeDirty()).toEqual(Array.from({ length: 5_000 }, (_, id) => id));
  });

  test('is dirty once changed, by ticks and posts, until taken', () => {
    const engine = new FeatureEngine(compactFeatures);
    for (const name of ['x:A', 'x:B', 'x:C', 'x:D']) engine.idOf(name);
    expect(engine.takeDirty()).toEqual([]);
    fold(engine, quote('x:C', 0, 1, 2));
    fold(engine, { type: 'post', instrument: 'x:A', time: START });
    fold(engine, quote('x:C', 1, 1, 2));
    engine.loadState('x:B', engine.saveState(engine.find('x:A')));
    expect(engine.takeDirty()).toEqual([0, 2]);
    expect(engine.takeDirty()).toEqual([]);
    fold(engine, trade('x:C', 2, 1));
    expect(engine.takeDirty()).toEqual([2]);
  });
});
