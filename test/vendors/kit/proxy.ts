/** A TCP proxy before the stand-in, for what goes wrong below the protocol: cuts, silence, drips, refusals. */
import { createServer, connect, type Server, type Socket } from 'node:net';
import type { AddressInfo } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';

export type ProxyMode =
  | 'pass'
  /** Connections are accepted and closed at once. */
  | 'refuse'
  /** What comes first is answered with noise: to TLS a failed handshake. */
  | 'noise';

export class ChaosProxy {
  mode: ProxyMode = 'pass';
  /** Bytes from the vendor go through a few at a time. */
  dripping = false;
  readonly #server: Server;
  readonly #pairs = new Set<{ client: Socket; vendor: Socket; deaf: boolean }>();
  #port = 0;

  constructor(vendorPort: () => number) {
    this.#server = createServer((client) => {
      client.on('error', () => undefined);
      if (this.mode === 'refuse') {
        client.destroy();
        return;
      }
      if (this.mode === 'noise') {
        // A TLS alert: the handshake has failed. To plain text it is noise.
        client.once('data', () => client.end(Buffer.from([0x15, 3, 3, 0, 2, 2, 40])));
        return;
      }
      const vendor = connect(vendorPort(), '127.0.0.1');
      const pair = { client, vendor, deaf: false };
      this.#pairs.add(pair);
      const end = (): void => {
        this.#pairs.delete(pair);
        client.destroy();
        vendor.destroy();
      };
      vendor.on('error', end);
      vendor.on('close', end);
      client.on('close', end);
      client.on('data', (bytes) => {
        if (!pair.deaf) vendor.write(bytes);
      });
      vendor.on('data', (bytes) => {
        if (pair.deaf) return;
        if (this.dripping) {
          vendor.pause();
          void this.#drip(client, bytes).then(() => vendor.resume());
        } else if (!client.write(bytes)) {
          vendor.pause();
          client.once('drain', () => vendor.resume());
        }
      });
    });
  }

  get port(): number {
    return this.#port;
  }

  /** Connections that stand now. */
  get open(): number {
    return this.#pairs.size;
  }

  async start(): Promise<void> {
    await new Promise<void>((resolve) => this.#server.listen(0, '127.0.0.1', resolve));
    this.#port = (this.#server.address() as AddressInfo).port;
  }

  async stop(): Promise<void> {
    this.cut();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  /** Cuts every connection. */
  cut(): void {
    for (const { client, vendor } of this.#pairs) {
      client.destroy();
      vendor.destroy();
    }
  }

  /** Every connection that stands stays open, and nothing goes through any more. */
  goDeaf(): void {
    for (const pair of this.#pairs) pair.deaf = true;
  }

  async #drip(client: Socket, bytes: Buffer): Promise<void> {
    for (let from = 0; from < bytes.length && !client.destroyed; from += 7) {
      client.write(bytes.subarray(from, from + 7));
      if (from % 70 === 0) await delay(1);
    }
  }
}
