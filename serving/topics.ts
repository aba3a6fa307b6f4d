/** Every topic of a deployment: what it holds, how long it keeps it, and how far behind its readers are. */
import { TOPICS, type Cleanup, type TopicLayout, type TopicName } from '#proto';
import type { PartitionDescription, Queue } from '#queue';

export interface GroupLag {
  readonly group: string;
  /** Records between the committed position and the end, over all partitions with one. */
  readonly lag: number;
}

export interface TopicStatus {
  readonly topic: TopicName;
  /** Full name. */
  readonly name: string;
  readonly doc: string;
  readonly cleanup: Cleanup;
  /** Null: kept for ever, or compacted. */
  readonly retentionMs: number | null;
  readonly retentionBytes: number | null;
  readonly records: number;
  readonly bytes: number;
  readonly partitions: readonly { partition: number; earliest: number; end: number; records: number; bytes: number }[];
  readonly groups: readonly GroupLag[];
}

/** In the order of the topic table; topics that do not exist yet are left out. */
export async function topicStatuses(queue: Pick<Queue, 'topics' | 'describe'>, layout: TopicLayout): Promise<TopicStatus[]> {
  const specs = new Map((await queue.topics()).map((spec) => [spec.name, spec]));
  const statuses: TopicStatus[] = [];
  for (const topic of Object.keys(TOPICS) as TopicName[]) {
    const name = layout.name(topic);
    const spec = specs.get(name);
    if (!spec) continue;
    const described = await queue.describe(name);
    statuses.push({
      topic,
      name,
      doc: TOPICS[topic].doc,
      cleanup: spec.cleanup,
      retentionMs: spec.retentionMs ?? null,
      retentionBytes: spec.retentionBytes ?? null,
      records: sum(described, ({ records }) => records),
      bytes: sum(described, ({ bytes }) => bytes),
      partitions: described.map(({ partition, earliest, end, records, bytes }) => ({ partition, earliest, end, records, bytes })),
      groups: lags(described),
    });
  }
  return statuses;
}

const sum = <T>(items: readonly T[], of: (item: T) => number): number => items.reduce((total, item) => total + of(item), 0);

function lags(partitions: readonly PartitionDescription[]): GroupLag[] {
  const lag = new Map<string, number>();
  for (const { groups, end } of partitions) {
    for (const [group, committed] of groups) lag.set(group, (lag.get(group) ?? 0) + Math.max(0, end - committed));
  }
  return [...lag].sort(([a], [b]) => (a < b ? -1 : 1)).map(([group, records]) => ({ group, lag: records }));
}
