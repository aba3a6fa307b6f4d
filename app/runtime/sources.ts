/** Sources as configured. */
import {
  PRESETS,
  SOURCE_KINDS,
  detectFile,
  replaySource,
  withInstrument,
  withMadeUpPosts,
  withRecordedPosts,
  type Mapping,
  type ReplayProgress,
  type Source,
  type SourceEnvironment,
} from '#collectors';
import { fail } from '#proto';

import { mappingOf } from '../config/mappings.ts';
import type { Config } from '../config/schema.ts';
import { readSourceFiles } from '../config/source-files.ts';
import { isReplay, type ReplaySource, type SourceConfig } from '../config/sources.ts';
import { postResolver } from './posts.ts';

export async function sourceOf(source: SourceConfig, config: Config, environment: SourceEnvironment, onProgress?: (progress: ReplayProgress) => void): Promise<Source> {
  if (isReplay(source)) return replayOf(source, config, onProgress);
  const { name, kind, ...options } = source;
  const kinds = [...SOURCE_KINDS, ...(await readSourceFiles(config.source_files))];
  const found = kinds.find((candidate) => candidate.kind === kind);
  if (!found) throw fail('CONFIG_INVALID', `no source is of kind ${kind}`);
  return found.create(name, options, environment);
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
