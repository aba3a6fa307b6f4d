/** What a server on loopback must withstand: foreign pages, bytes that are no protocol, taken ports. */
import { Client, credentials, status } from '@grpc/grpc-js';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { connect } from 'node:net';
import { request } from 'node:http';

import { BTC, startHarness, trailerOf, type Harness } from './testing/harness.ts';

let h: Harness;
beforeAll(async () => {
  h = await startHarness({ http: { allowedHosts: ['foretick.example'] } });
});
afterAll(() => h.close());

function rawCall(method: string, message: Buffer): Promise<unknown> {
  const client = new Client(h.grpcAddress, credentials.createInsecure());
  return new Promise((resolve) => {
    client.makeUnaryRequest(`/foretick.v1.PredictionService/${method}`, (b: Buffer) => b, (b: Buffer) => b, message, (error) => {
      client.close();
      resolve(error);
    });
  });
}

test('bytes that are no message are INVALID_REQUEST', async () => {
  expect(trailerOf(await rawCall('Predict', Buffer.from([0x0a, 0xff, 0xff, 0xff, 0xff, 0x0f])))).toBe('INVALID_REQUEST');
});

test('a method that does not exist is UNIMPLEMENTED', async () => {
  expect(await rawCall('Nothing', Buffer.alloc(0))).toMatchObject({ code: status.UNIMPLEMENTED });
});

function statusFor(host: string): Promise<number> {
  const { hostname, port } = new URL(h.url);
  return new Promise((resolve, reject) => {
    request({ hostname, port, path: '/v1/models', headers: { host } }, (response) => {
      response.resume();
      resolve(response.statusCode ?? 0);
    }).on('error', reject).end();
  });
}

test.each([
  ['evil.example', 400],
  ['127.0.0.1.evil.example:8080', 400],
  ['localhost.evil.example', 400],
  ['localhost', 200],
  ['LOCALHOST:8080', 200],
  ['127.0.0.1:8080', 200],
  ['[::1]:8080', 200],
  ['foretick.example', 200],
])('Host %s gets %i', async (host, status) => {
  expect(await statusFor(host)).toBe(status);
});

test('bytes that are no HTTP get a coded error', async () => {
  const { hostname, port } = new URL(h.url);
  const answer = await new Promise<string>((resolve) => {
    let text = '';
    const socket = connect({ host: hostname, port: Number(port) }, () => socket.write('\u0016\u0003\u0001 hello\r\n\r\n'));
    socket.on('data', (chunk) => (text += chunk.toString()));
    socket.on('close', () => { resolve(text); });
  });
  expect(answer).toContain('400 Bad Request');
  expect(answer).toContain('"code":"INVALID_REQUEST"');
});

test('answers carry security headers and no CORS', async () => {
  const response = await fetch(`${h.url}/`, { headers: { origin: 'https://evil.example' } });
  expect(response.headers.get('content-security-policy')).toContain("script-src 'self'");
  expect(response.headers.get('x-content-type-options')).toBe('nosniff');
  expect(response.headers.get('access-control-allow-origin')).toBeNull();
});

test.each(['http', 'grpc'] as const)('a taken %s port is PORT_TAKEN, and nothing stays open', async (which) => {
  const taken = Number((which === 'http' ? h.url : h.grpcAddress).split(':').at(-1));
  await expect(startHarness({ [which]: { port: taken } })).rejects.toMatchObject({ code: 'PORT_TAKEN' });
  expect((await fetch(`${h.url}/v1/predictions?instrument=${BTC}`)).status).toBe(200);
});
