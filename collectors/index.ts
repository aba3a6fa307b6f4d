export type { Emission, Rejection, Source, SourceContext, SourceEvent } from './port.ts';
export { systemClock, type Clock } from './clock.ts';
export {
  createCollector,
  type Collector,
  type CollectorMetrics,
  type CollectorOptions,
  type CollectorState,
  type CollectorStatus,
} from './supervisor.ts';
export { readCursor, readCursors, reshared } from './cursors.ts';
export { cursorRecord, shareName } from './publish.ts';
export { ownedCollector } from './sharing/owned.ts';
export { sharedCollector } from './sharing/shared.ts';
export { collectorGroup } from './sharing/member.ts';
export { readSubscriptions, subscriptionPartition, subscriptionRecord, unsubscription } from './sharing/subscriptions.ts';
export type { TickFormat } from './publish.ts';
export { replaySource, type ReplayOptions, type ReplayProgress } from './replay/source.ts';
export {
  columnsOf,
  type InstrumentColumn,
  type InstrumentValue,
  type KindColumn,
  type Mapping,
  type PostColumns,
  type SideColumn,
  type TimeColumn,
} from './replay/mapping.ts';
export type { TimeUnit } from './replay/numbers.ts';
export { PRESETS, detectMapping, presetOf, withInstrument, type Layout } from './replay/presets.ts';
export { scanTable, type TableRow } from './replay/table.ts';
export { detectFile, readLayout } from './replay/recording.ts';
export { withRecordedPosts, type RecordedPostsOptions } from './posts/recorded.ts';
export { madeUpPosts, withMadeUpPosts, type MadeUpPostsOptions } from './posts/made-up.ts';
export { duration, size } from './units.ts';
export type { SourceHealth } from './health.ts';

// Live sources: what ships, and what a source of one's own is made from (docs/sources.md).
export { SOURCE_KINDS } from './sources/registry.ts';
export { userSource, type SourceKit } from './own.ts';
export { defineSource, type SourceDefinition, type SourceDoc, type SourceEnvironment, type SourceKind, type Subscribing } from './kind.ts';
export { instrumentsOption, liveOptions, liveSettings } from './options.ts';
export { Secret, createRedactor, secretSchema, type Redactor, type SecretRef } from './secrets.ts';
export { liveSource, type LiveOptions } from './live/source.ts';
export type { Live } from './live/live.ts';
export type { GapInput } from './live/gaps.ts';
export type { Outbox } from './live/outbox.ts';
export { MovingInstruments, fixedInstruments, type InstrumentSet } from './live/instruments.ts';
export { createNumbered, type Numbered, type NumberedOptions } from './live/numbered.ts';
export { createLivePosts, type LivePosts, type LivePostsOptions, type NetworkPost } from './posts/live-posts.ts';
export { Stretch, type StretchState } from './posts/memory.ts';
export { htmlText } from './posts/html.ts';
export { postOptions } from './posts/options.ts';
export { RecentTexts, Rising } from './integrity/repeats.ts';
export { FrameCounter } from './integrity/counter.ts';
export { runFeeds, type FeedPlan, type FeedScope, type FeedSession } from './connect/feeds.ts';
export { keepConnected } from './connect/keep-connected.ts';
export type { Channel, ConnectionPlan, Session } from './connect/connection.ts';
export { fetchOk, fetchText, type HttpReply, type HttpRequest } from './connect/http.ts';
export { poll, type PollPlan } from './connect/poll.ts';
export { parseEvent } from './connect/stream.ts';
export type { FailureCause, Ladder, Ladders } from './connect/ladder.ts';
export { createLimits, type Cap, type Limiter, type Limits } from './connect/limits.ts';
export type { RawSocket, SocketEnd, TransportOptions } from './connect/transport.ts';
export { checkUrl, createNetwork, type Network, type NetworkOptions } from './connect/network.ts';
export { decimal, decimalOr, fromFloat32, whole } from './values/decimal.ts';
export { array, object, parseJson, pointer, text, type Json } from './values/fields.ts';
export { rfc3339, timeOf } from './values/time.ts';
