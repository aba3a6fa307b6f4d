/**
 * What a source of one's own is made from: `foretick/sources`, and what a file's `source` is given as a function
 * (docs/sources.md). Names that stand here stay.
 */
export { z } from 'zod';

export { TickSide, fail } from '#proto';

export { defineSource, type SourceDefinition, type SourceDoc, type SourceEnvironment, type SourceKind, type Subscribing } from './kind.ts';
export { instrumentsOption, liveOptions, liveSettings } from './options.ts';
export { secretSchema, type Secret, type SecretRef } from './secrets.ts';
export { duration, size } from './units.ts';
export type { Clock } from './clock.ts';
export type { Source, SourceEvent } from './port.ts';

export { liveSource, type LiveOptions } from './live/source.ts';
export type { Live } from './live/live.ts';
export type { GapInput } from './live/gaps.ts';
export type { Outbox } from './live/outbox.ts';
export { askAgain } from './live/again.ts';
export { takeEach } from './live/entries.ts';
export { createNumbered, type Numbered, type NumberedOptions } from './live/numbered.ts';
export { createOutageTimes, type OutageTimes } from './live/outage-times.ts';
export { createOutages, type Outage, type Outages, type OutagesOptions } from './live/outages.ts';

export { createLivePosts, type LivePosts, type LivePostsOptions, type NetworkPost } from './posts/live-posts.ts';
export { Stretch, type StretchState } from './posts/memory.ts';
export { htmlText } from './posts/html.ts';
export { postOptions } from './posts/options.ts';

export { Newest, RecentTexts, Rising } from './integrity/repeats.ts';
export { FrameCounter } from './integrity/counter.ts';

export { runFeeds, type FeedPlan, type FeedScope, type FeedSession } from './connect/feeds.ts';
export { keepConnected } from './connect/keep-connected.ts';
export type { Channel, ConnectionPlan, Session } from './connect/connection.ts';
export { fetchOk, fetchText, type HttpReply, type HttpRequest } from './connect/http.ts';
export { poll, type PollPlan } from './connect/poll.ts';
export { parseEvent } from './connect/stream.ts';
export type { FailureCause, Ladder, Ladders } from './connect/ladder.ts';
export type { Cap, Limiter, Limits } from './connect/limits.ts';

export { decimal, decimalOr, fromFloat32, whole } from './values/decimal.ts';
export { array, frameText, object, parseJson, pointer, text, type Json } from './values/fields.ts';
export { rfc3339, timeOf } from './values/time.ts';
