/** Posts of X: the filtered stream of API v2 with rules of our own, and its search for what the stream missed or in its place. */
import { z } from 'zod';

import { fail } from '#proto';

import { hasAborted } from '../../clock.ts';
import { defineSource } from '../../kind.ts';
import type { Live } from '../../live/live.ts';
import { liveSource } from '../../live/source.ts';
import { liveOptions, liveSettings } from '../../options.ts';
import { createLivePosts } from '../../posts/live-posts.ts';
import { Stretch, type StretchState } from '../../posts/memory.ts';
import { postOptions } from '../../posts/options.ts';
import { secretSchema } from '../../secrets.ts';
import { duration } from '../../units.ts';
import { taker } from './decode.ts';
import { idAt, idsOf } from './ids.ts';
import { runSearch } from './polling.ts';
import { searching } from './searching.ts';
import { runStream } from './streaming.ts';
import { wantedTerms } from './terms.ts';

/** Search knows the last seven days, by its clock, when it is asked. */
const SEARCHED_US = 166 * 3600e6;

const options = z.strictObject({
  ...postOptions(),
  bearer_token: secretSchema().describe('Bearer token of an app (OAuth 2.0, app only)'),
  url: z.url().default('https://api.x.com').describe('Address of the API'),
  mode: z.enum(['stream', 'search']).default('stream').describe('The filtered stream, or, for plans without it, the search for recent posts, asked again and again'),
  terms: z
    .array(z.string().min(1).max(500))
    .default([])
    .describe('What is asked for besides the cashtags of the instruments, in X\'s query language: \'"apple inc"\', \'#bitcoin\'. The table under posts.instruments says what a post that is found is about'),
  filter: z.string().max(200).default('-is:retweet').describe('Stands behind each rule and query: \'-is:retweet lang:en\''),
  rule_tag: z.string().regex(/^[^/]+(\/[^/]+)*$/).max(100).optional().describe('With what the tags of our rules begin; left out: foretick/NAME. Rules with other tags are left alone'),
  rules: z.int().min(1).default(1000).describe('Rules of the plan, those of others included; what finds no room is named in a note'),
  rule_length: z.int().min(64).default(1024).describe('Characters of a rule that the plan allows'),
  query_length: z.int().min(64).default(512).describe('Characters of a search that the plan allows'),
  search_interval: duration().default(30e6).describe('Of the mode search: time between two rounds'),
  replay: duration()
    .refine((us) => us <= SEARCHED_US, 'search knows the last seven days: at most 166h')
    .default(3600e6)
    .describe('How far back posts are searched for after an outage; what lies before is reported as a gap'),
  rewind: duration().default(30e6).describe('How far behind its newest post a stream is gone on with: posts arrive late, and search finds them later. Repeats are dropped'),
  backfill_limit: z.int().min(0).default(2000).describe('Posts searched for after one outage, or in one round of the mode search, 100 a request; what there is beyond is reported as a gap. 0: outages are reported, not searched for'),
  searches: z.int().min(1).default(450).describe('The plan\'s cap on searches in 15 minutes'),
  connects: z.int().min(1).default(50).describe('The plan\'s cap on opening streams in 15 minutes'),
  rule_requests: z.int().min(1).default(25).describe('The plan\'s cap on requests for rules in 15 minutes'),
  silent_after: duration().default(25e6).describe('Without a byte for so long a stream is dead; X sends an empty line each 20 s, sometimes late'),
  ...liveOptions(),
});

export type XOptions = z.output<typeof options>;

export const x = defineSource({
  kind: 'x',
  doc: {
    title: 'Posts of X, from the filtered stream or from search',
    gives: 'Public posts that have a cashtag of an instrument or a configured term, one record for each instrument they name, with language and hashed author. Replies and quotes count as posts; reposts are not collected.',
    keys: 'A bearer token of an app of a plan with the filtered stream or with recent search.',
    limits: 'One stream, opened 50 times in 15 minutes at most; 1000 rules of 1024 characters; 450 searches of 512 characters in 15 minutes.',
    gaps: 'After an outage or a restart missed posts are searched for, up to backfill_limit; what is left is reported as a time.',
    licence: 'X Developer Agreement: deleted posts have to be deleted, and only ids may be passed on (docs/sources.md).',
  },
  options,
  // The stream is one an app: one process has it.
  subscribing: { shared: false, instrument: (symbol) => symbol },
  create: (name, read, environment) => liveSource({ name, environment, instruments: read.instruments, ...liveSettings(read), run: (live) => run(live, read) }),
});

/** What is kept in the cursor of the source. */
interface Position {
  readonly salt?: string;
  readonly stretch?: StretchState | null;
}

/** What both modes work with. */
export interface XParts {
  readonly live: Live;
  readonly read: XOptions;
  readonly stretch: Stretch;
  readonly terms: () => readonly string[];
  readonly headers: () => Promise<Readonly<Record<string, string>>>;
  readonly searching: ReturnType<typeof searching>;
  readonly take: ReturnType<typeof taker>;
  /** The stretch has moved. */
  readonly moved: () => void;
  /** Until when all is known to have come, microseconds, 0 for not at all: asked when a position goes out. */
  readonly progress: { upToUs: () => number };
}

/** Nothing is asked for before somebody subscribes. */
async function subscribed({ environment, instruments, name, signal }: Live, read: XOptions): Promise<void> {
  const isEnough = read.terms.length > 0 && environment.instrumentsOf !== undefined;
  if ((environment.instruments?.(name) ?? null) === null) return;
  while (!isEnough && instruments.current().length === 0 && !hasAborted(signal)) await instruments.changed(signal);
}

async function run(live: Live, read: XOptions): Promise<void> {
  await subscribed(live, read);
  if (hasAborted(live.signal)) return;
  const begun = (live.begunAt === null ? {} : JSON.parse(live.begunAt)) as Position;
  const stretch = new Stretch(idsOf(read.rewind), begun.stretch ?? undefined);
  const posts = await createLivePosts({ live, options: read, salt: begun.salt, stretches: [stretch] });
  const progress = { upToUs: () => 0 };
  const position = (): string => {
    const upToUs = progress.upToUs();
    if (upToUs > 0) stretch.advance(idAt(upToUs));
    return JSON.stringify({ salt: posts.salt, stretch });
  };
  const moved = (): void => { live.positions.moveSource(position); };
  moved();
  const headers = async (): Promise<Readonly<Record<string, string>>> => ({
    // X asks for a version.
    'user-agent': 'foretick/0.1',
    authorization: `Bearer ${(await live.environment.secret(read.bearer_token)).reveal()}`,
  });
  const taken = taker({ live, posts, stretch, begunUs: live.receipt() });
  // What goes out before the position does would come again after a restart.
  const take: typeof taken = (status) => {
    moved();
    return taken(status);
  };
  const terms = termsOf(live, read);
  if (terms().length === 0) throw fail('CONFIG_INVALID', `source ${live.name} asks for nothing: give it instruments or terms`);
  const parts: XParts = {
    live,
    read,
    stretch,
    terms,
    headers,
    take,
    searching: searching({ live, read, stretch, terms, headers, take }),
    moved,
    progress,
  };
  await (read.mode === 'stream' ? runStream(parts) : runSearch(parts));
}

/** What is asked for now. Instruments without a cashtag are named once. */
function termsOf(live: Live, read: XOptions): () => readonly string[] {
  let told = '';
  return () => {
    const { terms, without } = wantedTerms(live.instruments.current(), read.terms);
    const names = without.join(', ');
    if (names !== told && names !== '') live.observe({ type: 'note', message: `X knows no cashtag of ${names}: posts about them are found by terms alone` });
    told = names;
    return terms;
  };
}
