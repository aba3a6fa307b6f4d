/** Topics as Kafka keeps them, and as the port describes them. */
import { fail, hasCode, type TopicSpec } from '#proto';
import type { PartitionDescription } from '../port.ts';
import type { Cluster } from './cluster/cluster.ts';
import type { KafkaError } from './cluster/errors.ts';
import { extentsOf } from './consume/offsets.ts';
import { committedOffsets } from './group/start-task.ts';
import { logDirsRequest } from './wire/log-dirs.ts';

const TOPIC = 2;
const ALREADY_EXISTS = 'TOPIC_ALREADY_EXISTS';
const CREATE_TIMEOUT_MS = 15_000;
const FOR_EVER = '-1';
/** Of a compacted topic: how soon what was written anew may take the place of what was there. */
const COMPACTED = { 'min.cleanable.dirty.ratio': '0.1', 'segment.ms': String(3_600_000) };

/** Creates what is missing, all or nothing before the first. TOPIC_MISMATCH names what differs. Safe for several processes at once. */
export async function ensureTopics(cluster: Cluster, specs: readonly TopicSpec[]): Promise<void> {
  const missing = await missingOf(cluster, specs);
  if (missing.length === 0) return;
  const { replicationFactor, maxRecordBytes } = cluster.settings;
  const topics = missing.map((spec) => ({
    topic: spec.name,
    numPartitions: spec.partitions,
    replicationFactor: spec.replicationFactor ?? (replicationFactor === -1 ? undefined : replicationFactor),
    configEntries: Object.entries(configOf(spec, maxRecordBytes)).map(([name, value]) => ({ name, value })),
  }));
  await cluster.retry('Topics cannot be created', async () => {
    const controller = await cluster.controller();
    try {
      await controller.call((broker) => broker.createTopics({ topics, validateOnly: false, timeout: CREATE_TIMEOUT_MS }), CREATE_TIMEOUT_MS);
    } catch (error) {
      const failure = creationFailure(error);
      if (failure) throw failure;
    }
  });
  await cluster.retry('Topics that were created have no leader', async () => {
    await cluster.refresh(missing.map(({ name }) => name));
    for (const { name, partitions } of missing) {
      const count = await cluster.partitionsOf(name).catch(notYet);
      for (let partition = 0; partition < count; partition++) if (cluster.leaderOf(name, partition) === undefined) throw fail('QUEUE_UNAVAILABLE', `${name}/${partition} has no leader yet.`);
      // Another process was first.
      if (count !== partitions) throw mismatch(name, `has ${count} partitions, not ${partitions}`);
    }
  });
}

/** Brokers hear of a new topic one after the other. */
function notYet(error: unknown): never {
  throw hasCode(error, 'UNKNOWN_TOPIC') ? fail('QUEUE_UNAVAILABLE', error.message, { cause: error }) : error;
}

export async function specsOf(cluster: Cluster): Promise<TopicSpec[]> {
  const found = await cluster.retry('Topics cannot be listed', () => cluster.allTopics());
  const policies = await configsOf(cluster, found.map(({ topic }) => topic));
  return found.map(({ topic, leaders, replicas }) => {
    const config = policies.get(topic)!;
    const [retentionMs, retentionBytes] = [Number(config['retention.ms'] ?? -1), Number(config['retention.bytes'] ?? -1)];
    const deletes = config['cleanup.policy'] !== 'compact';
    return {
      name: topic,
      partitions: leaders.length,
      cleanup: deletes ? 'delete' : 'compact',
      ...(deletes && retentionMs >= 0 && { retentionMs }),
      ...(deletes && retentionBytes >= 0 && { retentionBytes }),
      // Of its least replicated partition.
      ...(replicas.length > 0 && { replicationFactor: Math.min(...replicas) }),
    };
  });
}

export async function isCompacted(cluster: Cluster, topic: string): Promise<boolean> {
  return (await configsOf(cluster, [topic])).get(topic)!['cleanup.policy'] !== 'delete';
}

export async function describeTopic(cluster: Cluster, topic: string): Promise<PartitionDescription[]> {
  const extents = await extentsOf(cluster, topic);
  const partitions = extents.map(({ partition }) => partition);
  const bytes = await bytesOf(cluster, topic, partitions);
  const groups = await groupsOf(cluster, topic, partitions);
  return extents.map(({ partition, earliest, end }) => {
    const committed = new Map([...groups].flatMap(([group, offsets]) => (offsets.has(partition) ? [[group, offsets.get(partition)!] as const] : [])));
    return { partition, earliest, end, records: end - earliest, bytes: bytes.get(partition) ?? 0, groups: committed };
  });
}

/** Those of `specs` that do not exist. */
async function missingOf(cluster: Cluster, specs: readonly TopicSpec[]): Promise<TopicSpec[]> {
  const existing = await cluster.retry('Topics cannot be listed', () => cluster.allTopics());
  const here = specs.filter(({ name }) => existing.some(({ topic }) => topic === name));
  const configs = await configsOf(cluster, here.map(({ name }) => name));
  for (const { name, partitions, cleanup } of here) {
    const count = existing.find(({ topic }) => topic === name)!.leaders.length;
    if (count !== partitions) throw mismatch(name, `has ${count} partitions, not ${partitions}`);
    const policy = configs.get(name)!['cleanup.policy'] ?? 'delete';
    if (policy !== cleanup) throw mismatch(name, `has the clean-up ${policy}, not ${cleanup}`);
  }
  return specs.filter((spec) => !here.includes(spec));
}

function configOf({ cleanup, retentionMs, retentionBytes }: TopicSpec, maxRecordBytes: number): Record<string, string> {
  return {
    'cleanup.policy': cleanup,
    // Batches have a header of their own.
    'max.message.bytes': String(maxRecordBytes + 1024),
    ...(cleanup === 'compact'
      ? COMPACTED
      : {
          'retention.ms': retentionMs === undefined ? FOR_EVER : String(Math.round(retentionMs)),
          'retention.bytes': retentionBytes === undefined ? FOR_EVER : String(Math.round(retentionBytes)),
          ...(retentionMs !== undefined && { 'segment.ms': String(Math.max(1_000, Math.min(7 * 86_400_000, Math.round(retentionMs / 4)))) }),
        }),
  };
}

function mismatch(topic: string, what: string): Error {
  return fail('TOPIC_MISMATCH', `Topic ${topic} ${what}.`, { details: { topic } });
}

/** kafkajs wraps one error for each topic. That another process has made one meanwhile is no failure. */
function creationFailure(error: unknown): Error | undefined {
  const { errors } = error as { errors?: readonly KafkaError[] };
  return errors ? errors.find(({ type }) => type !== ALREADY_EXISTS) : (error as Error);
}

function configsOf(cluster: Cluster, topics: readonly string[]): Promise<Map<string, Record<string, string>>> {
  if (topics.length === 0) return Promise.resolve(new Map<string, Record<string, string>>());
  return cluster.retry('Settings of topics cannot be read', async () => {
    const link = await cluster.any();
    const resources = topics.map((name) => ({ type: TOPIC, name, configNames: ['cleanup.policy', 'retention.ms', 'retention.bytes'] }));
    const answer = await link.call((broker) => broker.describeConfigs({ resources }));
    const configs = new Map<string, Record<string, string>>();
    for (const { resourceName, configEntries } of answer.resources) {
      configs.set(resourceName, Object.fromEntries(configEntries.map(({ configName, configValue }) => [configName, configValue])));
    }
    return configs;
  });
}

async function bytesOf(cluster: Cluster, topic: string, partitions: readonly number[]): Promise<Map<number, number>> {
  const leaders = new Set(partitions.map((partition) => cluster.leaderOf(topic, partition)).filter((leader) => leader !== undefined));
  const found = new Map<number, number>();
  for (const leader of leaders) {
    const sizes = await cluster.retry('Sizes of logs cannot be read', () => cluster.to(leader).send(logDirsRequest(topic, partitions)));
    for (const { partition, bytes } of sizes) if (cluster.leaderOf(topic, partition) === leader) found.set(partition, bytes);
  }
  return found;
}

/** Committed offsets of every group that has one here. */
async function groupsOf(cluster: Cluster, topic: string, partitions: readonly number[]): Promise<Map<string, Map<number, number>>> {
  const names = await cluster.retry('Groups cannot be listed', () => cluster.groups());
  const found = new Map<string, Map<number, number>>();
  for (const group of names) {
    const offsets = (await committedOffsets(cluster, group, [{ topic, partitions }])).get(topic);
    if (offsets && offsets.size > 0) found.set(group, new Map([...offsets].map(([partition, { offset }]) => [partition, offset])));
  }
  return found;
}
