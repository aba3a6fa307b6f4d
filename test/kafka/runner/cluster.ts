/** Real brokers on ephemeral ports of the loopback, with data of their own, that leave nothing behind. */
import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { librariesOf, type KafkaLine } from './libraries.ts';
import { KafkaNode } from './node.ts';
import type { ClusterPlan, SecureListener } from './properties.ts';
import { makeStores, type Certificates, type Users } from './secure.ts';

export interface ClusterOptions {
  /** @default '4' */
  readonly line?: KafkaLine;
  /** One that is its own controller, or three with a separate one. @default 1 */
  readonly brokers?: 1 | 3;
  /** What brokers tell clients to connect to, given the port they listen on: a proxy. @default themselves */
  readonly advertise?: (port: number) => Promise<number>;
  /** Who may log in at the listeners with encryption and log-ins, which a broker alone then has. @default there are none */
  readonly users?: Users;
}

export interface KafkaCluster {
  /** `host:port` of each broker, as clients see them. */
  readonly bootstrap: readonly string[];
  readonly brokers: readonly KafkaNode[];
  /** With `users`. */
  readonly secure: { readonly address: (listener: SecureListener) => string; readonly certificates: Certificates } | null;
  /** A broker more, on empty data, with an id that none had. */
  addBroker(): Promise<KafkaNode>;
  /** Kills a broker for good: its data is gone, too. */
  discard(broker: KafkaNode): Promise<void>;
  /** Ends all processes and removes their data. */
  stop(): Promise<void>;
}

const CONTROLLER_ID = 100;

export async function startCluster({ line = '4', brokers: count = 1, advertise = (port) => Promise.resolve(port), users }: ClusterOptions = {}): Promise<KafkaCluster> {
  const jars = librariesOf(line);
  const root = mkdtempSync(join(tmpdir(), 'foretick-kafka-'));
  const clusterId = randomBytes(16).toString('base64url');
  const controllerPort = await freePort();
  const alone = count === 1;
  const cluster: ClusterPlan = { brokers: count, voters: `${alone ? 1 : CONTROLLER_ID}@127.0.0.1:${controllerPort}` };
  const stores = users ? makeStores(join(root, 'stores')) : null;
  const ports = { tls: await freePort(), mutual: await freePort(), sasl: await freePort(), sasltls: await freePort() };
  const secure = stores && users && { keystore: stores.keystore, truststore: stores.truststore, storePassword: stores.storePassword, users, ports };
  const nodeOf = async (id: number): Promise<KafkaNode> => {
    const port = await freePort();
    const plan = { id, roles: alone ? 'broker,controller' : 'broker', directory: join(root, `node-${id}`), port, advertised: await advertise(port), internalPort: await freePort(), controllerPort, ...(secure && { secure }) } as const;
    return new KafkaNode(plan, cluster, jars, clusterId);
  };
  const controller = alone ? [] : [new KafkaNode({ id: CONTROLLER_ID, roles: 'controller', directory: join(root, 'controller'), port: 0, advertised: 0, internalPort: 0, controllerPort }, cluster, jars, clusterId)];
  const brokers: KafkaNode[] = [];
  let ids = 0;
  while (ids < count) brokers.push(await nodeOf(++ids));
  const stop = async (): Promise<void> => {
    await Promise.all([...brokers, ...controller].map((node) => node.kill()));
    rmSync(root, { recursive: true, force: true });
  };
  try {
    for (const node of [...controller, ...brokers]) node.launch();
    await Promise.all([...controller, ...brokers].map((node) => node.ready()));
  } catch (error) {
    await stop();
    throw error;
  }
  return {
    get bootstrap() {
      return brokers.map(({ plan }) => `127.0.0.1:${plan.advertised}`);
    },
    brokers,
    secure: stores && { address: (listener) => `127.0.0.1:${ports[listener]}`, certificates: stores.certificates },
    addBroker: async () => {
      const node = await nodeOf(++ids);
      brokers.push(node);
      await node.start();
      return node;
    },
    discard: async (broker) => {
      brokers.splice(brokers.indexOf(broker), 1);
      await broker.kill();
      rmSync(broker.plan.directory, { recursive: true, force: true });
    },
    stop,
  };
}

export function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address() as { port: number };
      server.close(() => { resolve(port); });
    });
  });
}
