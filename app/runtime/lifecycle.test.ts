import { expect, test } from '@jest/globals';

import { fail, type ForetickError } from '#proto';

import { Lifecycle, type Component, type LifecycleState } from './lifecycle.ts';
import { progressWatch } from './progress.ts';

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

function recorded(log: string[], name: string, overrides: Partial<Component> = {}): Component {
  const say = (what: string) => (): Promise<void> => {
    log.push(`${what} ${name}`);
    return Promise.resolve();
  };
  return { name, start: say('start'), stop: say('stop'), ...overrides };
}

test('parts start in order and stop in reverse, through the states in order; stopping twice is safe', async () => {
  const log: string[] = [];
  const states: LifecycleState[] = [];
  const life = new Lifecycle({ components: ['a', 'b'].map((name) => recorded(log, name)), graceMs: 1000, onState: (state) => states.push(state) });
  await life.start();
  await Promise.all([life.stop(), life.stop()]);
  expect(log).toEqual(['start a', 'start b', 'stop b', 'stop a']);
  expect(states).toEqual(['STARTING', 'RUNNING', 'DRAINING', 'STOPPED']);
});

test('a part that does not start stops those before it, and its error is the answer', async () => {
  const log: string[] = [];
  const broken = recorded(log, 'b', { start: () => Promise.reject(fail('PORT_TAKEN', 'taken')) });
  const life = new Lifecycle({ components: [recorded(log, 'a'), broken, recorded(log, 'c')], graceMs: 1000 });
  await expect(life.start()).rejects.toMatchObject({ code: 'PORT_TAKEN' });
  expect([log, life.state]).toEqual([['start a', 'stop b', 'stop a'], 'STOPPED']);
});

test('a stop in the middle of a start waits for the part in hand, and starts no other', async () => {
  const log: string[] = [];
  let open: () => void = () => undefined;
  const slow = recorded(log, 'slow', {
    start: () => new Promise((resolve) => {
      open = () => {
        log.push('started slow');
        resolve();
      };
    }),
  });
  const life = new Lifecycle({ components: [slow, recorded(log, 'next')], graceMs: 1000 });
  const starting = life.start();
  await turn();
  const stopping = life.stop();
  await turn();
  expect(log).toEqual([]);
  open();
  await Promise.all([starting, stopping]);
  expect([log, life.state]).toEqual([['started slow', 'stop slow'], 'STOPPED']);
});

test('a part that waits for another in its start ends when that is stopped, and is stopped again if it starts after all', async () => {
  const log: string[] = [];
  let open: () => void = () => undefined;
  const queue = recorded(log, 'queue', {
    stop: () => {
      log.push('stop queue');
      open();
      return Promise.resolve();
    },
  });
  const member = recorded(log, 'member', { start: () => new Promise((resolve) => { open = resolve; }) });
  const life = new Lifecycle({ components: [queue, member], graceMs: 40 });
  const starting = life.start();
  await turn();
  await Promise.all([life.stop(), starting]);
  await turn();
  expect([log, life.state]).toEqual([['start queue', 'stop member', 'stop queue', 'stop member'], 'STOPPED']);
});

test('what does not stop in time, or fails to, is told and does not keep the others', async () => {
  const log: string[] = [];
  const errors: [string, ForetickError][] = [];
  const stuck = recorded(log, 'stuck', { stop: () => new Promise(() => undefined) });
  const broken = recorded(log, 'broken', { stop: () => Promise.reject(new Error('no')) });
  const life = new Lifecycle({ components: [recorded(log, 'a'), stuck, broken], graceMs: 50, onStopError: (name, error) => errors.push([name, error]) });
  await life.start();
  await life.stop();
  expect(errors.map(([name, { message }]) => [name, message])).toEqual([['broken', 'no'], ['stuck', 'stuck did not stop in time']]);
  expect(log.at(-1)).toBe('stop a');
});

test('a loop counts as stalled only while the same input stays undone for longer than allowed', () => {
  let now = 0;
  const watch = progressWatch(100, () => now);
  watch.busy('t');
  now = 90;
  watch.busy('t');
  expect(watch.stalled()).toEqual([]);
  now = 101;
  expect(watch.stalled()).toEqual(['t']);
  watch.idle('t');
  watch.busy('t');
  expect(watch.stalled()).toEqual([]);
});
