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
export { readCursor, reshared } from './cursors.ts';
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

// Live sources: what ships, and what they are run with. What a source of one's own is made from stands in kit.ts.
export { SOURCE_KINDS } from './sources/registry.ts';
export { userSource } from './own.ts';
export { type SourceEnvironment, type SourceKind } from './kind.ts';
export { Secret, createRedactor, type SecretRef } from './secrets.ts';
export { MovingInstruments, fixedInstruments, type InstrumentSet } from './live/instruments.ts';
export { createLimits, type Limits } from './connect/limits.ts';
export type { TransportOptions } from './connect/transport.ts';
export { createNetwork, type Network } from './connect/network.ts';
