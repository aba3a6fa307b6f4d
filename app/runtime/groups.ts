/** The consumer groups that a configuration runs, and what each reads. */
import { groupNames } from '#processing';
import type { TopicName } from '#proto';
import type { ExpectedGroups } from '#serving';

import type { Config } from '../config/schema.ts';
import { layoutOf, modelSpecs } from './pipeline.ts';

export function expectedGroups(config: Config): ExpectedGroups {
  const layout = layoutOf(config);
  const groups = new Map<string, readonly TopicName[]>([[groupNames.features(layout), ['quotes', 'posts']]]);
  for (const { name } of modelSpecs(config)) groups.set(groupNames.training(layout, name), ['features']);
  return groups;
}
