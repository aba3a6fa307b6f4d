import { test } from '@jest/globals';
import { Post, TickKind, createTicks, type TickColumns } from '#proto';
import { FeatureEngine, compactFeatures } from '#features';
import { expectClose } from './testing/close.ts';
import { referenceRow, type ReferenceEvent } from './testing/reference.ts';
import { START } from './testing/streams.ts';

const EVENTS = 10_000_000;
const BATCH = 100_000;
/** Seconds after which nothing is left of an event: 60 half-lives of the longest one of ticks. */
const MEMORY = 60 * 60;
const POST_EVERY = 4_000;

/** A small generator, for speed: 32-bit xorshift, in [0, 1). */
function uniform(seed: number): () => number {
  let x = seed;
  return () => {
    x ^= x << 13;
    x ^= x >>> 17;
    x ^= x << 5;
    return (x >>> 0) / 2 ** 32;
  };
}

/** Months of one instrument: 12 days of events 0.1 s apart on average, some at equal times, some going back. */
function market(random: () => number): (ticks: TickColumns) => void {
  let time = START;
  let price = 100;
  return (ticks) => {
    for (let i = 0; i < BATCH; i++) {
      time += Math.floor((random() - 0.1) * 250_000);
      price *= 1 + (random() - 0.5) * 2e-4;
      const isTrade = random() < 0.2;
      ticks.kind[i] = isTrade ? TickKind.TRADE : TickKind.QUOTE;
      ticks.eventTime[i] = time;
      ticks.receiptTime[i] = time + 1_000;
      ticks.price[i] = isTrade ? price : 0;
      ticks.size[i] = isTrade ? random() * 1e6 : 0;
      ticks.side[i] = isTrade ? (random() < 0.5 ? -1 : 1) : 0;
      ticks.bid[i] = isTrade ? 0 : price * 0.9999;
      ticks.ask[i] = isTrade ? 0 : price * 1.0001;
      ticks.bidSize[i] = isTrade ? 0 : random() * 100;
      ticks.askSize[i] = isTrade ? 0 : random() * 100;
    }
    ticks.length = BATCH;
  };
}

/** The ticks of this batch as events for the reference. */
function eventsOf(t: TickColumns): ReferenceEvent[] {
  return Array.from({ length: t.length }, (_, i) => ({
    type: 'tick',
    tick: {
      instrument: 'x:A', kind: t.kind[i]!, eventTime: t.eventTime[i]!, receiptTime: t.receiptTime[i]!,
      price: t.price[i]!, size: t.size[i]!, side: t.side[i]!,
      bid: t.bid[i]!, ask: t.ask[i]!, bidSize: t.bidSize[i]!, askSize: t.askSize[i]!,
    },
  }));
}

test('after ten million events a row is what the last window alone makes it', () => {
  const engine = new FeatureEngine(compactFeatures);
  const id = engine.idOf('x:A');
  const ticks = createTicks(BATCH, 'test');
  const fill = market(uniform(7));
  const row = new Float32Array(engine.width);
  const posts: ReferenceEvent[] = [];
  const post = Post.fromPartial({ instrument: 'x:A' });

  for (let done = 0; done < EVENTS; done += BATCH) {
    fill(ticks);
    for (let i = 0; i < BATCH; i++) {
      if (i % POST_EVERY === 0) {
        const time = ticks.receiptTime[i]!;
        engine.post(id, time, post);
        posts.push({ type: 'post', instrument: 'x:A', time });
      }
      engine.update(id, ticks, i, row, 0);
    }
  }
  const end = ticks.eventTime[BATCH - 1]!;
  const window = eventsOf(ticks).filter((e) => e.type === 'tick' && e.tick.eventTime > end - MEMORY * 1e6);
  expectClose(compactFeatures.names, row, referenceRow([...posts, ...window]), `event ${EVENTS}`);
});
