import { Post, TickKind, TickSide, ticksOf, type TickColumns, type TickRow } from '#proto';

/** What features are checked on. */
export type CheckEvent =
  | { readonly type: 'tick'; readonly tick: TickRow }
  | { readonly type: 'post'; readonly instrument: string; readonly time: number; readonly post: Post };

export const instrumentOf = (event: CheckEvent): string => (event.type === 'tick' ? event.tick.instrument : event.instrument);

/** mulberry32: the same numbers for the same seed, everywhere. */
export function seeded(seed: number): () => number {
  let a = seed >>> 0;
  return () => {
    a = (a + 0x6d2b79f5) >>> 0;
    let t = Math.imul(a ^ (a >>> 15), a | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

const START = 1_700_000_000_000_000;
const INSTRUMENTS = ['made-up:A', 'made-up:B'];
const TEXTS = ['Up!', 'Going down.', 'Nothing to see here.', 'To the moon!'];

/** A made-up market: two instruments; quotes, trades, bars and posts; equal times and a few out of order. */
export function sampleEvents(count: number, seed = 1): CheckEvent[] {
  const random = seeded(seed);
  let time = START;
  const prices = [100, 0.25];
  return Array.from({ length: count }, (): CheckEvent => {
    time += Math.floor(random() * 400_000) - (random() < 0.1 ? 300_000 : 0);
    const which = random() < 0.6 ? 0 : 1;
    prices[which]! *= 1 + (random() - 0.5) * 1e-3;
    const instrument = INSTRUMENTS[which]!;
    const price = prices[which]!;
    const receiptTime = time + 500_000;
    const kind = random();
    if (kind < 0.08) {
      const text = TEXTS[Math.floor(random() * TEXTS.length)]!;
      const author = `author-${Math.floor(random() * 20)}`;
      return { type: 'post', instrument, time: receiptTime, post: Post.fromPartial({ instrument, author, text, receiptTimeUs: receiptTime, eventTimeUs: time }) };
    }
    const base = { instrument, eventTime: time, receiptTime };
    const size = random() * 10;
    if (kind < 0.3) {
      const side = random() < 0.5 ? TickSide.BUY : TickSide.SELL;
      return { type: 'tick', tick: { ...base, kind: TickKind.TRADE, price: price * (1 + side * 1e-4), size, side } };
    }
    if (kind < 0.33) return { type: 'tick', tick: { ...base, kind: TickKind.BAR, price, size, open: price, high: price, low: price, interval: 1e6 } };
    const half = price * (1e-4 + 1e-4 * random());
    return { type: 'tick', tick: { ...base, kind: TickKind.QUOTE, bid: price - half, ask: price + half, bidSize: size, askSize: random() * 10 } };
  });
}

/** Other events at the same places: another kind, other prices, sizes, times and texts. */
export function perturbed(events: readonly CheckEvent[], seed: number): CheckEvent[] {
  const random = seeded(seed);
  return events.map((event): CheckEvent => {
    if (event.type === 'post') return { ...event, post: { ...event.post, text: `${event.post.text} ${random()}`, author: String(random()) } };
    const { instrument, eventTime, receiptTime } = event.tick;
    const price = 1 + 1e3 * random();
    const base = { instrument, eventTime: eventTime + Math.floor(random() * 1e6), receiptTime, sequence: Math.floor(random() * 1e6) };
    return event.tick.kind === TickKind.QUOTE
      ? { type: 'tick', tick: { ...base, kind: TickKind.TRADE, price, size: 1e3 * random(), side: random() < 0.5 ? 1 : -1 } }
      : { type: 'tick', tick: { ...base, kind: TickKind.QUOTE, bid: price, ask: price * 1.5, bidSize: 1e3 * random(), askSize: 1e3 * random() } };
  });
}

/** Valid ticks at the limits of what is allowed. */
export function hostileEvents(count: number, seed = 2): CheckEvent[] {
  const random = seeded(seed);
  const extremes = [0, 5e-324, 1e-300, 1e-5, 1, 100, 1e12, 1e300, Number.MAX_VALUE];
  const times = [0, 1, START, START + 1, START * 4, Number.MAX_SAFE_INTEGER];
  const of = (values: readonly number[]): number => values[Math.floor(random() * values.length)]!;
  return Array.from({ length: count }, (): CheckEvent => ({
    type: 'tick',
    tick: {
      instrument: 'made-up:hostile', kind: of([TickKind.QUOTE, TickKind.TRADE, TickKind.BAR]), eventTime: of(times), receiptTime: of(times),
      price: of(extremes), size: of(extremes), side: of([-1, 0, 1]), bid: of(extremes), ask: of(extremes), bidSize: of(extremes), askSize: of(extremes),
    },
  }));
}

/** Events with the columns each tick lies in. */
export interface Stream {
  readonly events: readonly CheckEvent[];
  /** Of event k: its columns and row there; undefined for a post. */
  readonly places: readonly ({ readonly ticks: TickColumns; readonly row: number } | undefined)[];
}

/** The events with `size` ticks to a batch. */
export function batched(events: readonly CheckEvent[], size: number): Stream {
  const at = events.flatMap((event, k) => (event.type === 'tick' ? [{ k, tick: event.tick }] : []));
  const places: ({ ticks: TickColumns; row: number } | undefined)[] = events.map(() => undefined);
  for (let first = 0; first < at.length; first += size) {
    const batch = at.slice(first, first + size);
    const ticks = ticksOf('check', batch.map(({ tick }) => tick));
    batch.forEach(({ k }, row) => {
      places[k] = { ticks, row };
    });
  }
  return { events, places };
}
