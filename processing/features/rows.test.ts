import { afterEach, expect, test } from '@jest/globals';
import { Post, TickKind, createTicks, ticksOf } from '#proto';
import { FeatureEngine, featureSet, type Feature } from '#features';
import { TickEvent } from './common.ts';
import { loopedRows, rowsOf, unrolledRows } from './rows.ts';

const event = new TickEvent(0, createTicks(0, ''));
const values = [1.5, NaN, Infinity, -Infinity, 1e6, -1e6, 1e7, -1e300, 0, -0, 1e-300];
const updates = values.map((value) => (state: Float64Array, at: number) => {
  state[at] = state[at]! + at;
  return value;
});
const offsets = values.map((_, k) => 2 + k);
const cut = [1.5, 0, 1e6, -1e6, 1e6, -1e6, 1e6, -1e6, 0, -0, 0];

const globals = { Function: globalThis.Function };
afterEach(() => {
  globalThis.Function = globals.Function;
});

test.each([['looped', loopedRows], ['unrolled', unrolledRows]] as const)(
  '%s rows run each feature on its own state, and cut what is not finite or beyond 1e6',
  (_, rows) => {
    const state = new Float64Array(20);
    const out = new Float32Array(values.length + 2).fill(9);
    rows(updates, offsets)(state, 3, event, out, 1);
    expect([...out]).toEqual([9, ...cut, 9]);
    expect([...state]).toEqual([0, 0, 0, 0, 0, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 0, 0, 0, 0]);
  },
);

test('where code may not be generated the loop takes over', () => {
  globalThis.Function = new Proxy(globals.Function, {
    construct: () => {
      throw new EvalError('Code generation from strings disallowed for this context');
    },
  });
  const out = new Float32Array(values.length);
  rowsOf(updates, offsets)(new Float64Array(20), 0, event, out, 0);
  expect([...out]).toEqual(cut);
});

test("a user's own feature has init, update, decays and posts", () => {
  const mine: Feature = {
    name: 'mine',
    unit: '1',
    doc: { what: 'Exclamation marks, half-life 2 s, from 8 on.', formula: '…', source: 'this test' },
    width: 1,
    create(env) {
      const decay = env.decay(2);
      return {
        init: (state, at) => {
          state[at] = 8;
        },
        update: (state, at, e) => (state[at] = state[at]! * e.decays[decay]!),
        post: (state, at, _time, post) => {
          state[at] = state[at]! + post.text.split('!').length - 1;
        },
      };
    },
  };
  const other: Feature = { ...mine, name: 'other', create: (env) => ({ update: (_s, _a, e) => e.decays[env.decay(2)]! }) };
  const engine = new FeatureEngine(featureSet({ name: 'own', version: 1, features: [mine, other], warmup: { events: 0, seconds: 0 } }));
  const id = engine.idOf('x:A');
  const at = (seconds: number) => ({ instrument: 'x:A', kind: TickKind.TRADE, eventTime: seconds * 1e6, receiptTime: 0, price: 1 });
  const ticks = ticksOf('test', [at(10), at(12), at(11), at(14)]);
  const rows = new Float32Array(8);
  engine.update(id, ticks, 0, rows, 0);
  engine.post(id, 0, Post.fromPartial({ text: 'up! up!' }));
  for (const i of [1, 2, 3]) engine.update(id, ticks, i, rows, 2 * i);
  expect([...rows]).toEqual([8, 1, 5, 0.5, 5, 1, 2.5, 0.5]);
});
