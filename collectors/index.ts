export type { Emission, Rejection, Source, SourceContext } from './port.ts';
export { systemClock, type Clock } from './clock.ts';
export {
  createCollector,
  readCursor,
  type Collector,
  type CollectorMetrics,
  type CollectorOptions,
  type CollectorState,
  type CollectorStatus,
} from './supervisor.ts';
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
