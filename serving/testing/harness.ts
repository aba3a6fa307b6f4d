/** A server on free ports over a memory queue, and clients for it. */
import { credentials, type ClientReadableStream, type ServiceError } from '@grpc/grpc-js';
import { Registry } from 'prom-client';

import { fail } from '#proto';
import { PredictionServiceClient, type PredictRequest, type PredictResponse } from '#proto/grpc';

import { CODE_TRAILER } from '../grpc/status.ts';
import type { ServerOptions } from '../options.ts';
import { createServer, type ServingServer } from '../server.ts';
import { MemoryQueue } from './memory-queue.ts';
import { FakeAssembler, LAYOUT, aliasRecord, featureRecord, modelRecord } from './records.ts';

export interface Harness {
  readonly queue: MemoryQueue;
  readonly server: ServingServer;
  readonly registry: Registry;
  readonly url: string;
  readonly grpcAddress: string;
  readonly grpc: PredictionServiceClient;
  /** Milliseconds; the server's clock reads it. */
  now: number;
  readonly events: string[];
  close(): Promise<void>;
}

export const BTC = 'sim:BTC-USDT';
export const ETH = 'sim:ETH-USDT';

/** With an alias, a model and one warm row, unless `empty`. While it is `unloaded` its queue fails: until `queue.failWith(null)`. */
export async function startHarness(options: Partial<ServerOptions> & { empty?: boolean; unloaded?: boolean } = {}): Promise<Harness> {
  const { empty = false, unloaded = false, ...given } = options;
  const times = { now: Date.now() };
  const queue = new MemoryQueue(() => times.now);
  await queue.ensureTopics(LAYOUT.specs());
  if (!empty) {
    queue.append([aliasRecord('softmax'), modelRecord('softmax', 7), featureRecord({ instrument: BTC, ordinal: 0 })]);
  }
  const registry = new Registry();
  const events: string[] = [];
  const server = createServer({
    queue,
    layout: LAYOUT,
    registry,
    http: { port: 0, ...given.http },
    grpc: { port: 0, ...given.grpc },
    liveness: () => ({ ok: true, reasons: [] }),
    clock: () => times.now,
    assembler: new FakeAssembler(),
    events: {
      onError: (error, where) => events.push(`error ${where} ${String(error.cause)}`),
      onRefused: (error, topic) => events.push(`refused ${topic} ${error.code}`),
      onRetry: (error, topic) => events.push(`retry ${topic} ${error.code}`),
      onModel: (model, version) => events.push(`model ${model}@${version}`),
    },
    ...withoutAddresses(given),
  });
  if (unloaded) queue.failWith(fail('QUEUE_UNAVAILABLE', 'no brokers'));
  const { httpUrl, grpcAddress } = await server.start();
  if (!unloaded) await server.loaded();
  const grpc = new PredictionServiceClient(grpcAddress, credentials.createInsecure());
  return {
    queue,
    server,
    registry,
    url: httpUrl,
    grpcAddress,
    grpc,
    events,
    get now() {
      return times.now;
    },
    set now(value) {
      times.now = value;
    },
    close: async () => {
      grpc.close();
      await server.stop(500);
    },
  };
}

function withoutAddresses(given: Partial<ServerOptions>): Partial<ServerOptions> {
  const rest: { -readonly [K in keyof ServerOptions]?: ServerOptions[K] } = { ...given };
  delete rest.http;
  delete rest.grpc;
  return rest;
}

/** Polls until `check` is true. */
export async function until(check: () => boolean | Promise<boolean>, ms = 5000): Promise<void> {
  const end = Date.now() + ms;
  while (!(await check())) {
    if (Date.now() > end) throw new Error('waited in vain');
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

export function grpcPredict(client: PredictionServiceClient, request: Partial<PredictRequest>): Promise<PredictResponse> {
  return new Promise((resolve, reject) => {
    client.predict({ model: '', input: undefined, ...request }, (error, response) => {
      if (error) reject(error);
      else resolve(response);
    });
  });
}

export function trailerOf(error: unknown): string {
  return String((error as ServiceError).metadata.get(CODE_TRAILER)[0]);
}

/** The error a call ends with. */
export function endOf(call: ClientReadableStream<unknown>): Promise<ServiceError> {
  return new Promise((resolve, reject) => {
    call.on('data', () => undefined);
    call.once('error', resolve);
    call.once('end', () => { reject(new Error('ended without an error')); });
  });
}

export async function postJson(url: string, body: unknown, headers: Record<string, string> = {}): Promise<Response> {
  return fetch(`${url}/v1/predict`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: typeof body === 'string' ? body : JSON.stringify(body),
  });
}

export async function codeOf(response: Response): Promise<string> {
  const { error } = (await response.json()) as { error: { code: string } };
  return error.code;
}
