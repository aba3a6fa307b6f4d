/** StockTwits: posts about stocks and coins, by polling the stream of each symbol. */
import type { Ladders } from '../../connect/ladder.ts';
import { poll } from '../../connect/poll.ts';
import { defineSource } from '../../kind.ts';
import type { Live } from '../../live/live.ts';
import { liveSource } from '../../live/source.ts';
import { liveSettings } from '../../options.ts';
import { createLivePosts } from '../../posts/live-posts.ts';
import { Stretch, type StretchState } from '../../posts/memory.ts';
import { symbolFollower, type Follower } from './follow.ts';
import { stockTwitsOptions, type StockTwitsOptions } from './options.ts';
import { streamsOf } from './symbols.ts';

const HOUR_MS = 3_600_000;
/** Of the cap, for rounds; what is left is for older pages. */
const ROUNDS = 0.9;

const LADDERS: Ladders = {
  'rate-limited': { first: 60_000, factor: 2, cap: HOUR_MS, jitter: 0.2 },
  'http-error': { first: 2000, factor: 2, cap: 300_000, jitter: 0.5 },
  silent: { first: 1000, factor: 2, cap: 60_000, jitter: 0.5 },
};

export const stocktwits = defineSource({
  kind: 'stocktwits',
  doc: {
    title: 'Posts of StockTwits, by symbol',
    gives: 'Posts in the streams of the symbols, one record for each instrument, with the tag of their authors (Bullish, Bearish) and hashed author. Reshares are not collected.',
    keys: 'none',
    limits: 'About 200 requests in an hour, which all symbols share: with more than three of them rounds get longer. 30 posts a page.',
    gaps: 'Asked for by id: what was missed comes with the next answer, up to pages; what is beyond is reported as a time. Deletions are not told.',
    licence: 'Posts belong to their authors; the terms of StockTwits forbid passing them on.',
  },
  options: stockTwitsOptions,
  create: (name, read, environment) => liveSource({ name, environment, instruments: read.instruments, ...liveSettings(read), run: (live) => run(live, read) }),
});

/** What is kept in the cursor of the source. */
interface Position {
  readonly salt?: string;
  readonly streams?: Readonly<Record<string, StretchState | null>>;
  /** Receipt times of the newest answers, by symbol, microseconds. */
  readonly answered?: Readonly<Record<string, number>>;
}

async function run(live: Live, read: StockTwitsOptions): Promise<void> {
  const limiter = live.environment.limits.of('stocktwits/requests', { limit: read.requests_per_hour, perMs: HOUR_MS });
  const begun = (live.begunAt === null ? {} : JSON.parse(live.begunAt)) as Position;
  const streams = streamsOf(live.instruments.current(), read.symbols);
  // Ids only rise, and what is below the newest is not asked for again.
  const stretches = new Map(streams.map(({ symbol }) => [symbol, new Stretch(0n, begun.streams?.[symbol] ?? undefined)]));
  const posts = await createLivePosts({ live, options: read, salt: begun.salt, stretches: [...stretches.values()] });
  const followers = new Map<string, Follower>();
  const position = (): string => {
    const answered = Object.fromEntries([...followers].map(([symbol, follower]) => [symbol, follower.answered()]));
    return JSON.stringify({ salt: posts.salt, streams: { ...begun.streams, ...Object.fromEntries(stretches) }, answered: { ...begun.answered, ...answered } } satisfies { readonly [K in keyof Position]: unknown });
  };
  const moved = (): void => { live.positions.moveSource(position); };
  for (const stream of streams) {
    const { symbol } = stream;
    followers.set(symbol, symbolFollower({ live, read, posts, limiter, stream, stretch: stretches.get(symbol)!, answered: begun.answered?.[symbol] ?? 0, moved }));
  }
  moved();
  const inTurn = [...followers.values()];
  let turn = 0;
  await poll(
    live,
    {
      name: live.name,
      intervalMs: Math.max(read.interval / 1000, (streams.length * HOUR_MS) / (read.requests_per_hour * ROUNDS)),
      ladders: LADDERS,
      // In turn; the one that failed is asked first again.
      round: async () => {
        for (let done = 0; done < inTurn.length && !live.signal.aborted; done++) {
          await inTurn[turn % inTurn.length]!.round();
          turn = (turn + 1) % inTurn.length;
        }
      },
    },
    live.signal,
  );
}
