/** Settings of the nodes of a cluster: small, and quick to notice what happens. */
export interface NodePlan {
  readonly id: number;
  readonly roles: 'broker' | 'controller' | 'broker,controller';
  readonly directory: string;
  /** Of the listener for clients; 0 for a controller alone. */
  readonly port: number;
  /** What clients are told to connect to: a proxy, perhaps. */
  readonly advertised: number;
  /** Of the listener for other brokers and for itself, which no proxy is in front of: faults are between clients and brokers. */
  readonly internalPort: number;
  readonly controllerPort: number;
}

export interface ClusterPlan {
  readonly brokers: number;
  /** `id@host:port` of each controller. */
  readonly voters: string;
}

export function propertiesOf({ id, roles, directory, port, advertised, internalPort, controllerPort }: NodePlan, { brokers, voters }: ClusterPlan): string {
  const replicas = Math.min(3, brokers);
  const listeners = [
    ...(roles === 'controller' ? [] : [`PLAINTEXT://127.0.0.1:${port}`, `INTERNAL://127.0.0.1:${internalPort}`]),
    ...(roles === 'broker' ? [] : [`CONTROLLER://127.0.0.1:${controllerPort}`]),
  ];
  const settings: Record<string, string | number | boolean> = {
    'process.roles': roles,
    'node.id': id,
    'controller.quorum.voters': voters,
    listeners: listeners.join(','),
    ...(roles !== 'controller' && { 'advertised.listeners': `PLAINTEXT://127.0.0.1:${advertised},INTERNAL://127.0.0.1:${internalPort}`, 'inter.broker.listener.name': 'INTERNAL' }),
    'controller.listener.names': 'CONTROLLER',
    'listener.security.protocol.map': 'PLAINTEXT:PLAINTEXT,INTERNAL:PLAINTEXT,CONTROLLER:PLAINTEXT',
    'log.dirs': `${directory}/data`,
    'auto.create.topics.enable': false,
    'default.replication.factor': replicas,
    'min.insync.replicas': Math.max(1, replicas - 1),
    'offsets.topic.replication.factor': replicas,
    'transaction.state.log.replication.factor': replicas,
    'transaction.state.log.min.isr': Math.max(1, replicas - 1),
    'offsets.topic.num.partitions': 4,
    'transaction.state.log.num.partitions': 4,
    'group.initial.rebalance.delay.ms': 0,
    'group.min.session.timeout.ms': 500,
    'transaction.abort.timed.out.transaction.cleanup.interval.ms': 1_000,
    'log.retention.check.interval.ms': 500,
    'log.cleaner.dedupe.buffer.size': 16_777_216,
    'broker.session.timeout.ms': 3_000,
    'broker.heartbeat.interval.ms': 500,
    'controller.quorum.election.timeout.ms': 1_000,
    'replica.lag.time.max.ms': 5_000,
    'replica.fetch.max.bytes': 20_000_000,
  };
  return Object.entries(settings).map(([name, value]) => `${name}=${value}\n`).join('');
}
