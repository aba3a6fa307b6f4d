/**
 * A proxy in front of one broker, which does to connections what networks do: cuts, refuses, delays, swallows one way; and loses the answer to
 * a request that the broker has carried out.
 */
import { connect, createServer, type Server, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';

import { FrameSplitter, correlationOf, headOf } from './frames.ts';

/** Numbers of requests in the protocol. */
export const API = { produce: 0, fetch: 1, metadata: 3, initProducerId: 22, endTxn: 26 } as const;

export type Way = 'requests' | 'answers';

interface Connection {
  readonly client: Socket;
  readonly broker: Socket;
  /** What goes these ways vanishes. */
  swallowed: readonly Way[];
}

export class BrokerProxy {
  readonly #server: Server;
  readonly #target: number;
  readonly #connections = new Set<Connection>();
  #refusing = false;
  #delayMs = 0;
  #swallowed: readonly Way[] = [];
  #loses: (apiKey: number) => boolean = () => false;
  #lost = 0;

  private constructor(server: Server, target: number) {
    this.#server = server;
    this.#target = target;
    server.on('connection', (client) => { this.#accept(client); });
  }

  /** @param target port of the broker */
  static async open(target: number): Promise<BrokerProxy> {
    const server = createServer();
    const proxy = new BrokerProxy(server, target);
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    return proxy;
  }

  get port(): number {
    return (this.#server.address() as { port: number }).port;
  }

  /** Answers that were lost. */
  get lost(): number {
    return this.#lost;
  }

  /** Ends all connections there are. */
  cut(): void {
    for (const { client } of this.#connections) client.resetAndDestroy();
  }

  /** Whether new connections are ended at once. */
  refuse(refusing: boolean): void {
    this.#refusing = refusing;
  }

  /** Of every piece, each way. */
  delay(ms: number): void {
    this.#delayMs = ms;
  }

  /** Half-open: on the connections there are, what goes these ways vanishes, and nobody is told. New ones work. */
  halfOpen(...ways: readonly Way[]): void {
    for (const connection of this.#connections) connection.swallowed = ways;
  }

  /** A broker that is there and says nothing: as `halfOpen`, and for new connections too, until `swallow()` without ways. Those that lost something stay half-open. */
  swallow(...ways: readonly Way[]): void {
    this.#swallowed = ways;
    if (ways.length > 0) this.halfOpen(...ways);
  }

  /** Of requests that `loses` picks the broker's answer is lost, and the connection with it. */
  loseAnswers(loses: (apiKey: number) => boolean): void {
    this.#loses = loses;
  }

  async close(): Promise<void> {
    this.cut();
    await new Promise<void>((resolve) => this.#server.close(() => { resolve(); }));
  }

  #accept(client: Socket): void {
    if (this.#refusing) {
      client.resetAndDestroy();
      return;
    }
    const broker = connect({ host: '127.0.0.1', port: this.#target });
    const connection: Connection = { client, broker, swallowed: this.#swallowed };
    this.#connections.add(connection);
    const end = (): void => {
      this.#connections.delete(connection);
      client.destroy();
      broker.destroy();
    };
    for (const socket of [client, broker]) {
      socket.setNoDelay(true);
      // What went wrong shows on the other side, as the end of its connection.
      socket.on('error', end);
      socket.on('close', end);
    }
    const doomed = new Set<number>();
    this.#relay(client, broker, () => connection.swallowed.includes('requests'), (request) => {
      const { apiKey, correlationId } = headOf(request);
      if (this.#loses(apiKey)) doomed.add(correlationId);
      return true;
    });
    this.#relay(broker, client, () => connection.swallowed.includes('answers'), (answer) => {
      if (!doomed.has(correlationOf(answer))) return true;
      this.#lost += 1;
      end();
      return false;
    });
  }

  /** Whole messages in order, until `passes` ends it. */
  #relay(from: Socket, to: Socket, vanishes: () => boolean, passes: (frame: Buffer) => boolean): void {
    const splitter = new FrameSplitter();
    let before: Promise<unknown> = Promise.resolve();
    const write = (frame: Buffer): void => {
      if (to.destroyed || vanishes() || !passes(frame)) return;
      if (!to.write(frame)) {
        from.pause();
        to.once('drain', () => from.resume());
      }
    };
    from.on('data', (chunk: Buffer) => {
      for (const frame of splitter.push(chunk)) {
        if (this.#delayMs === 0) {
          write(frame);
          continue;
        }
        const due = sleep(this.#delayMs);
        before = before.then(() => due).then(() => { write(frame); });
      }
    });
  }
}

/** Proxies before all brokers of a cluster: give `advertise` to `startCluster`. Close them behind it. */
export function proxies(): { readonly network: BrokerProxy[]; readonly advertise: (port: number) => Promise<number> } {
  const network: BrokerProxy[] = [];
  return {
    network,
    advertise: async (port) => {
      const proxy = await BrokerProxy.open(port);
      network.push(proxy);
      return proxy.port;
    },
  };
}
