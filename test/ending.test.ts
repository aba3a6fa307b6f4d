/** Processes end when they are told to, though what they wait for never comes. */
import { afterAll, expect, test } from '@jest/globals';
import { writeFileSync } from 'node:fs';
import { createServer, type Socket } from 'node:net';
import { join } from 'node:path';

import { MAIN, endAll, eventually, start } from './support/program.ts';
import { scratchDirectory } from './support/recording.ts';

const scratch = scratchDirectory();
afterAll(() => {
  endAll();
  scratch.remove();
});

/** Takes connections, and says nothing on them. */
async function silentServer(): Promise<{ readonly port: number; readonly connections: () => number; readonly close: () => void }> {
  const sockets: Socket[] = [];
  const server = createServer((socket) => {
    socket.on('error', () => undefined);
    sockets.push(socket);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    port: (server.address() as { port: number }).port,
    connections: () => sockets.length,
    close: () => {
      server.close();
      for (const socket of sockets) socket.destroy();
    },
  };
}

test.each(['collect', 'features', 'train', 'serve'])('%s, while it waits for brokers that take its connection and answer nothing, ends on SIGTERM', async (role) => {
  const broker = await silentServer();
  const config = join(scratch.path, `${role}.yaml`);
  // It would wait for ten minutes.
  const sources = '[{ name: r, kind: replay, file: none.csv }]';
  writeFileSync(config, `queue: { driver: kafka, kafka: { brokers: ['127.0.0.1:${broker.port}'], request_timeout: 10m, delivery_timeout: 10m } }\nsources: ${sources}\nlifecycle: { grace: 2s }\n`);
  const ports = role === 'serve' ? ['--http-port', '0', '--grpc-port', '0'] : ['--health-port', '0'];
  const program = start(MAIN, [role, '--config', config, ...ports]);
  await eventually('it is connected', () => (broker.connections() > 0 ? true : undefined));
  program.kill('SIGTERM');
  const { code, signal } = await program.ended;
  expect({ code, signal }).toEqual({ code: 0, signal: null });
  broker.close();
}, 60_000);
