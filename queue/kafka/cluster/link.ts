/**
 * One connection to one broker, used once: when it fails it is closed, and the next is a new one (kafkajs would go on with the bytes of a
 * half-read answer). A broker answers the requests of a connection one after the other, so those that wait (fetches, joins) have
 * connections of their own.
 */
import Broker from 'kafkajs/src/broker/index.js';
import Connection from 'kafkajs/src/network/connection.js';
import { connect as connectTcp, isIP, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';

import { fail } from '#proto';
import type { KafkaSettings } from '../options.ts';
import type { WireRequest } from '../wire/request.ts';
import { isConnectionError } from './errors.ts';

export interface Address {
  readonly host: string;
  readonly port: number;
}

/** kafkajs logs through this; what goes wrong reaches us as errors. */
const SILENT = { namespace: () => SILENT, info: () => undefined, error: () => undefined, warn: () => undefined, debug: () => undefined, setLogLevel: () => undefined };

interface SocketOptions extends Address {
  readonly ssl: object | null;
  readonly onConnect: () => void;
}

/** Without Nagle's delay: requests are small and waited for. */
function openSocket({ host, port, ssl, onConnect }: SocketOptions): Socket {
  const socket = ssl ? connectTls({ host, port, ...(isIP(host) === 0 && { servername: host }), ...ssl }, onConnect) : connectTcp({ host, port }, onConnect);
  socket.setNoDelay(true);
  socket.setKeepAlive(true, 30_000);
  return socket;
}

/** A pool of one, in the shape that kafkajs's `Broker` wants. */
function poolOf(connection: Connection, address: Address, { connectTimeoutMs, sasl, tls, clientId }: KafkaSettings): object {
  const get = async (): Promise<Connection> => {
    if (!connection.isConnected()) await connection.connect();
    return connection;
  };
  return {
    ...address,
    rack: null,
    ssl: tls,
    sasl,
    clientId,
    connectionTimeout: connectTimeoutMs,
    isConnected: () => connection.isConnected(),
    isAuthenticated: () => connection.isAuthenticated(),
    setSupportAuthenticationProtocol: (supported: boolean) => { connection.setSupportAuthenticationProtocol(supported); },
    setVersions: (versions: object) => { connection.setVersions(versions); },
    getConnection: get,
    send: async (request: object) => (await get()).send(request),
    destroy: () => connection.disconnect(),
  };
}

export class Link {
  readonly address: Address;
  readonly #settings: KafkaSettings;
  readonly #connection: Connection;
  readonly #broker: Broker;
  #ready: Promise<void> | undefined;
  #closed = false;

  constructor(settings: KafkaSettings, address: Address) {
    this.#settings = settings;
    this.address = address;
    const { clientId, sasl, tls, connectTimeoutMs, requestTimeoutMs } = settings;
    this.#connection = new Connection({
      ...address,
      clientId,
      sasl: sasl ?? null,
      ssl: tls === true ? {} : tls || null,
      logger: SILENT,
      socketFactory: openSocket,
      connectionTimeout: connectTimeoutMs,
      requestTimeout: requestTimeoutMs,
      // Time is kept here, one timer a request.
      enforceRequestTimeout: false,
    });
    this.#broker = new Broker({
      connectionPool: poolOf(this.#connection, address, settings),
      logger: SILENT,
      allowAutoTopicCreation: false,
      authenticationTimeout: connectTimeoutMs,
    });
  }

  /** A closed link is of no use any more. */
  get closed(): boolean {
    return this.#closed;
  }

  /** A request that kafkajs knows. @param timeoutMs of the answer, beyond the usual */
  call<T>(ask: (broker: Broker) => Promise<T>, timeoutMs = 0): Promise<T> {
    return this.#within(() => ask(this.#broker), timeoutMs);
  }

  /** A request of ours. */
  send<T>(wire: WireRequest<T>, timeoutMs = 0): Promise<T> {
    const { request } = wire;
    const response = { decode: (payload: Buffer) => Promise.resolve(wire.decode(payload)), parse: (data: unknown) => Promise.resolve(data) };
    return this.#within(async () => (await this.#connection.send({ request, response, logResponseError: false })) as T, timeoutMs);
  }

  /** Requests under way reject at once: nobody waits for a broker that is gone. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#connection.rejectRequests(connectionError(this.address, 'was closed'));
    // It only ends what was begun; the socket is destroyed beside it.
    this.#connection.disconnect().catch(() => undefined);
    this.#connection.socket?.destroy();
  }

  async #within<T>(work: () => Promise<T>, timeoutMs: number): Promise<T> {
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<never>((_, reject) => {
      timer = setTimeout(() => { reject(connectionError(this.address, 'does not answer')); }, this.#settings.requestTimeoutMs + timeoutMs);
    });
    try {
      return await Promise.race([this.#whenReady().then(work), late]);
    } catch (error) {
      if (isConnectionError(error) || !this.#connection.isConnected()) {
        if (!this.#closed) this.#settings.events.onConnectionError?.(`${this.address.host}:${this.address.port}`, error as Error);
        this.close();
      }
      throw error;
    } finally {
      clearTimeout(timer);
    }
  }

  #whenReady(): Promise<void> {
    if (this.#closed) return Promise.reject(connectionError(this.address, 'was closed'));
    this.#ready ??= this.#broker.connect();
    return this.#ready;
  }
}

export function connectionError({ host, port }: Address, what: string): Error {
  const error = fail('QUEUE_UNAVAILABLE', `The connection to ${host}:${port} ${what}.`);
  error.name = 'KafkaJSConnectionError';
  return error;
}
