/** The outbox, numbered streams and positions, without a vendor. */
import { describe, expect, test } from '@jest/globals';

import { Cursor, TickSide, fail } from '#proto';

import { systemClock } from '../clock.ts';
import type { Range } from '../integrity/ranges.ts';
import { Sequence } from '../integrity/sequence.ts';
import { testLive, type TestLive } from '../testing/live.ts';
import { createNumbered, type Numbered } from './numbered.ts';
import { Outbox, type Lost } from './outbox.ts';
import { createPositions } from './positions.ts';

const T = 1_700_000_000_000_000;

describe('the outbox', () => {
  const full = (out: Outbox, rows: number): void => {
    out.frame('f', 'x', T, () => {
      for (let i = 0; i < rows; i++) out.quote('v:A', T, i, 1, 1, 2, 1);
      return 'quotes';
    });
  };

  test('asks readers to hold back at half its size, and lets them go on when it was taken', async () => {
    const out = new Outbox({ source: 's', capacity: 64 });
    const told: boolean[] = [];
    out.onHeld((held) => told.push(held));
    full(out, 31);
    expect(told).toEqual([]);
    full(out, 1);
    expect(told).toEqual([true]);
    const room = out.room(new AbortController().signal);
    expect(out.take().ticks!.length).toBe(32);
    await room;
    expect(told).toEqual([true, false]);
  });

  test('grows to four times its size by what was under way; the rest is counted and reported, and memory is given back', () => {
    const lost: Lost[] = [];
    const out = new Outbox({ source: 's', capacity: 64, onLost: (one) => lost.push(one) });
    full(out, 300);
    const { ticks } = out.take();
    expect(ticks!.length).toBe(256);
    expect([ticks!.sequence[0], ticks!.sequence[255]]).toEqual([0, 255]);
    expect(lost).toEqual([{ stream: 'quote', instrument: 'v:A', count: 44, fromUs: T, toUs: T }]);
    expect(Object.fromEntries(out.traffic()!.skipped)).toEqual({ overflow: 44 });
    out.take();
    full(out, 1);
    expect(out.take().ticks!.capacity).toBe(64);
  });

  test('a frame that cannot be read is a dead letter; beyond a number of them they are counted', () => {
    const out = new Outbox({ source: 's' });
    for (let i = 0; i < 100; i++) out.frame('ws', `bad ${i}`, T + i, () => { throw fail('MALFORMED_RECORD', 'no'); });
    out.frame('ws', 'row', T, () => { out.trade('v:A', T, 1, -5, 1, TickSide.BUY); return 'trade'; });
    const { rejections, ticks } = out.take();
    expect(ticks).toBeUndefined();
    expect(rejections).toHaveLength(64);
    expect(rejections[0]).toMatchObject({ code: 'MALFORMED_RECORD', message: 'no', origin: 'ws', receiptTime: T });
    expect(Buffer.from(rejections[3]!.bytes).toString()).toBe('bad 3');
    const { frames, skipped, bytes } = out.traffic()!;
    expect(Object.fromEntries(frames)).toEqual({ rejected: 100, trade: 1 });
    expect(Object.fromEntries(skipped)).toEqual({ MALFORMED_RECORD: 36, VALUE_OUT_OF_RANGE: 1 });
    expect(bytes).toBe(10 * 5 + 90 * 6 + 3);
    expect(() => { out.frame('ws', '', T, () => { throw new TypeError('bug'); }); }).toThrow('bug');
  });
});

/** Numbers 1, 2, ... of one instrument, each published as a trade. */
class Fed {
  readonly made: TestLive;
  readonly numbered: Numbered;
  readonly asked: string[] = [];
  readonly #stop = new AbortController();

  constructor(options: { readonly has?: (number: number) => boolean; readonly error?: () => Error | null; readonly cursors?: ReadonlyMap<string, Cursor>; readonly capacity?: number } = {}) {
    const { has = () => true, error = () => null, cursors = new Map(), capacity = 8192 } = options;
    this.made = testLive({ name: 's', clock: systemClock, signal: this.#stop.signal, cursors, capacity });
    this.numbered = createNumbered(this.made.live, {
      stream: 'trade',
      graceMs: 5,
      largest: 1000,
      backfill: (_instrument, missing: readonly Range[]) => {
        this.asked.push(JSON.stringify(missing));
        const failure = error();
        if (failure) return Promise.reject(failure);
        const wanted = missing.flatMap(([first, last]) => Array.from({ length: last - first + 1 }, (_, i) => first + i));
        this.feed(...wanted.filter(has));
        return Promise.resolve(wanted.every(has));
      },
    });
  }

  feed(...numbers: number[]): void {
    const { live } = this.made;
    live.out.frame('f', 'x', live.receipt(), () => {
      for (const number of numbers) this.numbered.publish('v:A', number, () => { live.out.trade('v:A', T, number, 1, 1, TickSide.BUY); });
      return 'trades';
    });
  }

  published(): number[] {
    return this.made.take().map((line) => (JSON.parse(line) as { sequence: number }).sequence);
  }

  gaps(): string[] {
    return this.made.events.flatMap((event) => (event.type === 'gap-closed' ? [`${event.gap.first}-${event.gap.last} ${event.gap.recovered}/${event.gap.missed} ${event.gap.cause}`] : []));
  }

  async closed(gaps: number): Promise<void> {
    while (this.gaps().length < gaps) await new Promise((resolve) => setTimeout(resolve, 5));
  }

  stop(): void {
    this.#stop.abort();
  }
}

describe('a numbered stream', () => {
  test('publishes each number once, asks for what is missing, and tells when it has it', async () => {
    const fed = new Fed();
    fed.feed(10, 11, 11, 15, 13);
    await fed.closed(1);
    expect(fed.asked).toEqual(['[[12,12],[14,14]]']);
    expect(fed.published()).toEqual([10, 11, 15, 13, 12, 14]);
    // 13 was late by itself, and counts as recovered.
    expect(fed.gaps()).toEqual(['0-0 3/3 sequence']);
    expect(fed.made.skipped.get('repeat')).toBe(1);
    fed.stop();
  });

  test('what the vendor does not have is reported to the record, and does not come late', async () => {
    const fed = new Fed({ has: (number) => number !== 12 && number !== 16 });
    fed.feed(10, 14, 17);
    await fed.closed(3);
    fed.feed(12);
    expect(fed.published()).toEqual([10, 14, 17, 11, 13, 15]);
    expect(fed.gaps()).toEqual(['12-12 0/1 sequence', '16-16 0/1 sequence', '0-0 3/3 sequence']);
    fed.stop();
  });

  test('a back-fill that fails for now is asked for again; one that is refused is not', async () => {
    let failures = 1;
    const again = new Fed({ error: () => (failures-- > 0 ? fail('SOURCE_UNAVAILABLE', 'down') : null) });
    again.feed(1, 3);
    await again.closed(1);
    expect(again.published()).toEqual([1, 3, 2]);
    again.stop();
    const refused = new Fed({ error: () => fail('SOURCE_REFUSED', 'no') });
    refused.feed(1, 3);
    await refused.closed(1);
    expect([refused.asked.length, refused.gaps()]).toEqual([1, ['2-2 0/1 sequence']]);
    refused.stop();
  });

  test('a gap that is too large is not fetched but reported', async () => {
    const fed = new Fed();
    fed.feed(1, 5000);
    await fed.closed(1);
    expect([fed.asked, fed.gaps()]).toEqual([[], ['2-4999 0/4998 sequence']]);
    fed.stop();
  });

  test('a heartbeat that names a number finds what never came', async () => {
    const fed = new Fed();
    fed.feed(1);
    fed.numbered.expect('v:A', 3);
    await fed.closed(1);
    expect(fed.published()).toEqual([1, 2, 3]);
    expect(fed.gaps()).toEqual(['0-0 2/2 heartbeat']);
    fed.stop();
  });

  test('the first record sent on subscribing is where a stream begins, not news; later it is a record like others', () => {
    const fed = new Fed();
    const past = (number: number): void => {
      fed.numbered.publishPast('v:A', number, () => { fed.made.live.out.trade('v:A', T, number, 1, 1, TickSide.BUY); });
    };
    fed.made.live.out.frame('f', 'x', T, () => { past(7); past(7); return 'past'; });
    fed.feed(8);
    fed.made.live.out.frame('f', 'x', T, () => { past(9); return 'past'; });
    expect(fed.published()).toEqual([8, 9]);
    fed.stop();
  });

  test('what finds no room is fetched when there is room again', async () => {
    const fed = new Fed({ capacity: 2 });
    fed.feed(...Array.from({ length: 12 }, (_, i) => i + 1));
    expect(fed.published()).toEqual([1, 2, 3, 4, 5, 6, 7, 8]);
    await fed.closed(1);
    expect(fed.published()).toEqual([9, 10, 11, 12]);
    expect(fed.gaps()).toEqual(['0-0 4/4 overflow']);
    fed.stop();
  });

  test('a later run goes on with the position: what was missing is asked for, what comes twice is dropped', async () => {
    const first = new Fed({ error: () => fail('SOURCE_UNAVAILABLE', 'down') });
    first.feed(1, 2, 5);
    const cursors = first.made.live.positions.take(T).map((cursor) => Cursor.fromJSON(JSON.parse(JSON.stringify(Cursor.toJSON(cursor)))));
    first.stop();
    expect(cursors).toMatchObject([{ source: 's', instrument: 'v:A', position: '{"trade":{"last":5,"missing":[[3,4]]}}' }]);

    const second = new Fed({ cursors: new Map([['v:A', cursors[0]!]]) });
    await second.made.live.positions.load(['v:A', 'v:B']);
    second.numbered.resume(['v:A', 'v:B']);
    expect([second.numbered.follows('v:A'), second.numbered.follows('v:B')]).toEqual([true, false]);
    second.feed(5, 6);
    await second.closed(1);
    expect(second.published()).toEqual([6, 3, 4]);
    second.stop();
  });

  test('a vendor that has it in a moment is asked again after a while, not at once', async () => {
    const asked: number[] = [];
    const stopping = new AbortController();
    const made = testLive({ name: 's', clock: systemClock, signal: stopping.signal });
    const { live, events } = made;
    const feed = (number: number): void => {
      live.out.frame('f', 'x', live.receipt(), () => { numbered.publish('v:A', number, () => { live.out.trade('v:A', T, number, 1, 1, TickSide.BUY); }); return 'trade'; });
    };
    const numbered = createNumbered(live, {
      stream: 'trade',
      graceMs: 5,
      backfill: () => {
        asked.push(live.clock.now());
        if (asked.length === 2) feed(2);
        return Promise.resolve(true);
      },
    });
    feed(1);
    feed(3);
    while (!events.some(({ type }) => type === 'gap-closed')) await new Promise((resolve) => setTimeout(resolve, 5));
    stopping.abort();
    expect(made.take()).toHaveLength(3);
    expect(asked).toHaveLength(2);
    expect(asked[1]! - asked[0]!).toBeGreaterThan(500);
  });

  test('numbers that begin in an outage do not tell what it took: its time is reported with the first of them, once', async () => {
    const fed = new Fed({ cursors: new Map([['v:A', Cursor.fromPartial({ source: 's', instrument: 'v:A', position: JSON.stringify({ down: T }) })]]) });
    await fed.made.live.positions.load(['v:A']);
    fed.numbered.resume(['v:A']);
    expect(fed.gaps()).toEqual([]);
    fed.feed(7, 8);
    expect(fed.gaps()).toEqual(['0-0 0/0 disconnected']);
    expect(fed.made.events.at(-1)).toMatchObject({ gap: { stream: 'trade', instruments: ['v:A'], fromUs: T } });
    fed.stop();
  });
});

test('an instrument that is given back before its position is durable goes on from where it stood', async () => {
  const cursors = new Map([['v:A', Cursor.fromPartial({ source: 's', instrument: 'v:A', position: '{"trade":{"last":100,"missing":[]}}' })]]);
  const positions = createPositions('s', { cursor: null, cursors: () => Promise.resolve(cursors) });
  const last = (): unknown => positions.begun('v:A', 'trade');
  await positions.load(['v:A']);
  const sequence = Sequence.after(104);
  positions.move('v:A', 'trade', sequence);
  sequence.accept(105);
  positions.forget('v:A');
  await positions.load(['v:A']);
  // As it would be read: not what the code of the stream holds.
  expect(last()).toEqual({ last: 105, missing: [] });
  expect(last()).not.toBeInstanceOf(Sequence);
  // What is committed is the truth again when it is as new: others may have moved it.
  positions.forget('v:A');
  positions.take(T);
  positions.committed();
  await positions.load(['v:A']);
  expect(last()).toEqual({ last: 100, missing: [] });
});

test('a frame that is too long for a dead letter is cut, and a post that is too long is one', () => {
  const out = new Outbox({ source: 's' });
  out.frame('ws', 'x'.repeat(1_000_000), T, () => { throw fail('MALFORMED_RECORD', 'no'); });
  out.frame('ws', 'y', T, () => { out.post({ instrument: 'v:A', eventTimeUs: T, postId: '1', author: 'a', text: 'z'.repeat(1_000_000), language: '' }); return 'post'; });
  const { rejections, posts = [] } = out.take();
  expect(posts).toEqual([]);
  expect(rejections.map(({ code, message, bytes }) => [code, message, bytes.length])).toEqual([
    ['MALFORMED_RECORD', 'no (the first 262144 of 1000000)', 262_144],
    ['VALUE_OUT_OF_RANGE', 'a post of 1000000 characters', 1],
  ]);
});
