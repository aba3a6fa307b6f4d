/** Topics as configured beside those that exist. What exists is never changed: records are placed by the count of partitions. */
import type { TopicSpec } from '#proto';
import type { Queue } from '#queue';

export interface PlannedTopic {
  readonly name: string;
  readonly state: 'create' | 'same' | 'differs';
  readonly wanted: TopicSpec;
  /** Null: it does not exist. */
  readonly found: TopicSpec | null;
  /** What differs, each as "partitions: 6, configured 24". */
  readonly differences: readonly string[];
  /** Records would be placed, or cleaned up, in another way: no process starts on it. Retention and replication do not hinder. */
  readonly blocking: boolean;
}

export async function planTopics(queue: Pick<Queue, 'topics'>, specs: readonly TopicSpec[]): Promise<PlannedTopic[]> {
  const existing = new Map((await queue.topics()).map((spec) => [spec.name, spec]));
  return specs.map((wanted) => {
    const { name } = wanted;
    const found = existing.get(name);
    if (!found) return { name, state: 'create', wanted, found: null, differences: [], blocking: false };
    const differences = (['partitions', 'cleanup', 'retentionMs', 'retentionBytes', 'replicationFactor'] as const)
      // Left out, the replication is the brokers' affair.
      .filter((setting) => found[setting] !== wanted[setting] && (setting !== 'replicationFactor' || wanted[setting] !== undefined))
      .map((setting) => `${setting}: ${found[setting] ?? 'none'}, configured ${wanted[setting] ?? 'none'}`);
    const blocking = found.partitions !== wanted.partitions || found.cleanup !== wanted.cleanup;
    return { name, state: differences.length === 0 ? 'same' : 'differs', wanted, found, differences, blocking };
  });
}

/** Creates those that are missing, and touches no other. */
export async function createMissing(queue: Pick<Queue, 'ensureTopics'>, plan: readonly PlannedTopic[]): Promise<void> {
  const missing = plan.filter(({ state }) => state === 'create').map(({ wanted }) => wanted);
  if (missing.length > 0) await queue.ensureTopics(missing);
}
