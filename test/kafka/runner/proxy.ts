/**
 * A proxy in front of one broker, which does to connections what networks do: cuts, refuses, delays, swallows one way; and loses the answer to
 * a request that the broker has carried out.
 */
import { connect, createServer, type Server, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';

import { FrameSplitter, correlationOf, headOf } from './frames.ts';

/** Numbers of requests in the protocol. */
export const API = { produce: 0, fetch: 1, metadata: 3, initProducerId: 22, endTxn: 26 } as const;

type Way = 'requests' | 'answers';

export class BrokerProxy {
  readonly #server: Server;
  readonly #target: number;
  readonly #sockets = new Set<Socket>();
  #refusing = false;
  #delayMs = 0;
  readonly #swallowed = new Set<Way>();
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
    for (const socket of this.#sockets) socket.resetAndDestroy();
  }

  /** Whether new connections are ended at once. */
  refuse(refusing: boolean): void {
    this.#refusing = refusing;
  }

  /** Of every piece, each way. */
  delay(ms: number): void {
    this.#delayMs = ms;
  }

  /** Half-open: what goes these ways vanishes, and nobody is told. Without ways, connections go on; those that lost something are cut. */
  swallow(...ways: readonly Way[]): void {
    if (ways.length === 0 && this.#swallowed.size > 0) this.cut();
    this.#swallowed.clear();
    for (const way of ways) this.#swallowed.add(way);
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
    const end = (): void => {
      client.destroy();
      broker.destroy();
    };
    for (const socket of [client, broker]) {
      socket.setNoDelay(true);
      this.#sockets.add(socket);
      // What went wrong shows on the other side, as the end of its connection.
      socket.on('error', end);
      socket.on('close', () => {
        this.#sockets.delete(socket);
        end();
      });
    }
    const doomed = new Set<number>();
    this.#relay(client, broker, 'requests', (request) => {
      const { apiKey, correlationId } = headOf(request);
      if (this.#loses(apiKey)) doomed.add(correlationId);
      return true;
    });
    this.#relay(broker, client, 'answers', (answer) => {
      if (!doomed.has(correlationOf(answer))) return true;
      this.#lost += 1;
      end();
      return false;
    });
  }

  /** Whole messages in order, until `passes` ends it. */
  #relay(from: Socket, to: Socket, way: Way, passes: (frame: Buffer) => boolean): void {
    const splitter = new FrameSplitter();
    let before: Promise<unknown> = Promise.resolve();
    const write = (frame: Buffer): void => {
      if (to.destroyed || this.#swallowed.has(way) || !passes(frame)) return;
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
