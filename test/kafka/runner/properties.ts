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
  /** Listeners more, with encryption and log-ins. @default none */
  readonly secure?: SecurePlan;
}

export interface SecurePlan {
  /** PKCS12. */
  readonly keystore: string;
  /** Certificates of clients. */
  readonly truststore: string;
  readonly storePassword: string;
  readonly users: Readonly<Record<string, string>>;
  readonly ports: Readonly<Record<SecureListener, number>>;
}

/** `tls`: encrypted; `mutual`: and clients need a certificate; `sasl`: log-in in plain text; `sasltls`: encrypted log-in. */
export const SECURE_LISTENERS = { tls: 'SSL', mutual: 'SSL', sasl: 'SASL_PLAINTEXT', sasltls: 'SASL_SSL' } as const;
export type SecureListener = keyof typeof SECURE_LISTENERS;
const MECHANISMS = ['PLAIN', 'SCRAM-SHA-256', 'SCRAM-SHA-512'] as const;
const SECURE = Object.keys(SECURE_LISTENERS) as SecureListener[];

function secureSettings({ keystore, truststore, storePassword, users }: SecurePlan): Record<string, string> {
  const plain = Object.entries(users).map(([name, password]) => ` user_${name}="${password}"`);
  return {
    'ssl.keystore.type': 'PKCS12',
    'ssl.keystore.location': keystore,
    'ssl.keystore.password': storePassword,
    'ssl.truststore.type': 'PKCS12',
    'ssl.truststore.location': truststore,
    'ssl.truststore.password': storePassword,
    'listener.name.mutual.ssl.client.auth': 'required',
    'sasl.enabled.mechanisms': MECHANISMS.join(','),
    ...Object.fromEntries(
      (['sasl', 'sasltls'] as const).flatMap((listener): [string, string][] => [
        [`listener.name.${listener}.plain.sasl.jaas.config`, `org.apache.kafka.common.security.plain.PlainLoginModule required${plain.join('')};`],
        ...(['scram-sha-256', 'scram-sha-512'] as const).map((mechanism): [string, string] => [`listener.name.${listener}.${mechanism}.sasl.jaas.config`, 'org.apache.kafka.common.security.scram.ScramLoginModule required;']),
      ]),
    ),
  };
}

/** Arguments of the storage tool that make the users known by SCRAM. */
export function scramArguments({ users }: SecurePlan): string[] {
  return Object.entries(users).flatMap(([name, password]) => MECHANISMS.slice(1).flatMap((mechanism) => ['--add-scram', `${mechanism}=[name=${name},password=${password}]`]));
}

export interface ClusterPlan {
  readonly brokers: number;
  /** `id@host:port` of each controller. */
  readonly voters: string;
}

export function propertiesOf({ id, roles, directory, port, advertised, internalPort, controllerPort, secure }: NodePlan, { brokers, voters }: ClusterPlan): string {
  const replicas = Math.min(3, brokers);
  const secured = secure ? SECURE.map((name) => `${name.toUpperCase()}://127.0.0.1:${secure.ports[name]}`) : [];
  const listeners = [
    ...secured,
    ...(roles === 'controller' ? [] : [`PLAINTEXT://127.0.0.1:${port}`, `INTERNAL://127.0.0.1:${internalPort}`]),
    ...(roles === 'broker' ? [] : [`CONTROLLER://127.0.0.1:${controllerPort}`]),
  ];
  const settings: Record<string, string | number | boolean> = {
    'process.roles': roles,
    'node.id': id,
    'controller.quorum.voters': voters,
    listeners: listeners.join(','),
    ...(roles !== 'controller' && { 'advertised.listeners': [`PLAINTEXT://127.0.0.1:${advertised}`, `INTERNAL://127.0.0.1:${internalPort}`, ...secured].join(','), 'inter.broker.listener.name': 'INTERNAL' }),
    'controller.listener.names': 'CONTROLLER',
    'listener.security.protocol.map': ['PLAINTEXT:PLAINTEXT', 'INTERNAL:PLAINTEXT', 'CONTROLLER:PLAINTEXT', ...SECURE.map((name) => `${name.toUpperCase()}:${SECURE_LISTENERS[name]}`)].join(','),
    ...(secure && secureSettings(secure)),
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
