import { expect, test } from '@jest/globals';

import { TOPICS, topicLayout, type TopicName } from '#proto';

const layout = topicLayout({ prefix: 'foretick', inputs: 24, shards: 3 });
const spec = (name: TopicName) => layout.specs().find((topic) => topic.name === `foretick.${name}.v1`)!;

test('a topic is named prefix.name.v1', () => {
  expect(layout.name('dead-letters')).toBe('foretick.dead-letters.v1');
  expect(topicLayout({ prefix: 'test-7', inputs: 1, shards: 1 }).name('quotes')).toBe('test-7.quotes.v1');
});

test('the table has the topics of the design and no other', () => {
  expect(Object.keys(TOPICS).sort()).toEqual(
    ['quotes', 'posts', 'features', 'predictions', 'outcomes', 'evaluations', 'models', 'aliases', 'promotions', 'subscriptions', 'cursors', 'changelog', 'alerts', 'dead-letters'].sort(),
  );
  expect(layout.specs().map(({ name }) => name)).toEqual(Object.keys(TOPICS).map((name) => layout.name(name as TopicName)));
});

test('inputs of one task are co-partitioned, and so is its changelog', () => {
  expect([spec('quotes').partitions, spec('posts').partitions, spec('changelog').partitions]).toEqual([24, 24, 24]);
});

test('features and models have a partition a shard', () => {
  expect([spec('features').partitions, spec('models').partitions]).toEqual([3, 3]);
});

test('what is a table is compacted, what is a stream is not', () => {
  const compacted = Object.entries(TOPICS).filter(([, { cleanup }]) => cleanup === 'compact').map(([name]) => name);
  expect(compacted.sort()).toEqual(['aliases', 'changelog', 'cursors', 'models', 'subscriptions']);
});

test('retention is for streams, and who promoted what is kept for ever', () => {
  const kept = (retention?: { retentionMs: number; retentionBytes: number }): string[] =>
    layout.specs(retention).filter((topic) => topic.retentionMs !== undefined || topic.retentionBytes !== undefined).map(({ name }) => name.split('.')[1]!).sort();
  expect(kept({ retentionMs: 1, retentionBytes: 2 })).toEqual(['alerts', 'dead-letters', 'evaluations', 'features', 'outcomes', 'posts', 'predictions', 'quotes']);
  expect(kept()).toEqual([]);
});
