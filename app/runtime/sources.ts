/** Sources as configured. */
import {
  PRESETS,
  createCollector,
  detectFile,
  ownedCollector,
  replaySource,
  sharedCollector,
  withInstrument,
  withMadeUpPosts,
  withRecordedPosts,
  type Collector,
  type CollectorOptions,
  type InstrumentSet,
  type Mapping,
  type ReplayProgress,
  type Source,
  type SourceEnvironment,
  type SourceKind,
} from '#collectors';
import { fail } from '#proto';

import { mappingOf } from '../config/mappings.ts';
import type { Config } from '../config/schema.ts';
import { isReplay, type ReplaySource, type SourceConfig } from '../config/sources.ts';
import { followsSubscriptions } from '../subscriptions/change.ts';
import { postResolver } from './posts.ts';

/**
 * A recording is played by whoever is told to: its rows have names, and a reader drops those it has seen. A live source is one process's, or shared out
 * where its kind can be and `subscriptions` says what is collected.
 */
export async function collectorOf(
  source: SourceConfig,
  config: Config,
  kinds: readonly SourceKind[],
  environment: SourceEnvironment,
  onProgress: ((progress: ReplayProgress) => void) | undefined,
  options: Omit<CollectorOptions, 'source'>,
): Promise<Collector> {
  const { driver } = config.queue;
  if (isReplay(source)) return createCollector({ ...options, source: await replayOf(source, config, onProgress), atomicSends: driver === 'embedded' });
  const { name, kind, ...settings } = source;
  const found = kinds.find((candidate) => candidate.kind === kind);
  if (!found) throw fail('CONFIG_INVALID', `no source is of kind ${kind}`);
  const create = (instruments: InstrumentSet | null): Source => found.create(name, settings, instruments ? { ...environment, instruments: () => instruments } : environment);
  const follows = followsSubscriptions(source, found);
  // On the embedded queue there is one process.
  if (follows && found.subscribing?.shared === true && driver === 'kafka') return sharedCollector({ ...options, source: name, create });
  return ownedCollector({ ...options, source: name, create, follows });
}

async function replayOf(source: ReplaySource, config: Config, onProgress?: (progress: ReplayProgress) => void): Promise<Source> {
  const instrumentsOf = postResolver(config);
  const resolving = instrumentsOf && { instrumentsOf };
  const replay = replaySource({
    name: source.name,
    file: source.file,
    mapping: await resolveMapping(source, config),
    ...resolving,
    speed: source.speed,
    laps: source.laps,
    times: source.times,
    ...(onProgress && { onProgress }),
  });
  const { posts, made_up_posts: madeUp } = source;
  if (posts) return withRecordedPosts(replay, { file: posts.file, mapping: await resolveMapping(posts, config), ...resolving });
  return madeUp ? withMadeUpPosts(replay, { seed: madeUp.seed, perMinute: madeUp.per_minute, instruments: madeUp.instruments }) : replay;
}

/** The mapping of that name, or the one whose columns fit. UNKNOWN_FORMAT when there is none. */
export async function resolveMapping(source: Pick<ReplaySource, 'file' | 'mapping' | 'instrument'>, config: Config): Promise<Mapping> {
  const own = config.mappings.map(mappingOf);
  const all = [...own, ...PRESETS.filter((preset) => !own.some(({ name }) => name === preset.name))];
  let mapping = all.find(({ name }) => name === source.mapping);
  if (source.mapping !== undefined && !mapping) {
    throw fail('UNKNOWN_FORMAT', `no mapping is named ${source.mapping}; there are ${all.map(({ name }) => name).join(', ')}`);
  }
  mapping ??= await detectFile(source.file, all);
  if (source.instrument !== undefined) return withInstrument(mapping, source.instrument);
  if ('value' in mapping.instrument && mapping.instrument.value === '') {
    throw fail('CONFIG_INVALID', `${source.file} does not name its instrument: give it with --instrument, or as instrument of the source`);
  }
  return mapping;
}
