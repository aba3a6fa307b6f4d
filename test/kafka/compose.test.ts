/**
 * What docker-compose.yml runs: every service of ours, by its exact command, as a process of its own against a real broker. Of the environment only
 * what containers would have for themselves is other: the broker's address, and ports.
 */
import { afterAll, describe, expect, test } from '@jest/globals';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { request } from 'undici';
import { parse } from 'yaml';

import { endAll, eventually, start, MAIN, type Program } from '../support/program.ts';
import { ROOT } from '../support/recording.ts';
import { describeKafka } from './runner/describe.ts';

interface Service {
  readonly image: string;
  readonly command?: readonly string[];
  readonly restart?: string;
  readonly stop_grace_period: string;
  readonly depends_on?: Readonly<Record<string, { readonly condition: string }>>;
  readonly healthcheck?: { readonly test?: readonly string[]; readonly disable?: boolean };
  readonly ports?: readonly string[];
  readonly read_only?: boolean;
  readonly cap_drop?: readonly string[];
  readonly security_opt?: readonly string[];
}

const read = (file: string): unknown => parse(readFileSync(join(ROOT, file), 'utf8'), { merge: true });
const { services } = read('docker-compose.yml') as { services: Readonly<Record<string, Service>> };
const config = read('deploy/foretick.yaml') as { models: { name: string }[]; lifecycle: { grace: string }; serving: { http: { port: number } }; health: { port: number } };
const ours = Object.entries(services).filter(([, { image }]) => image.startsWith('foretick'));
const jobs = ours.filter(([, { restart }]) => restart === 'no');
const running = ours.filter(([, { restart }]) => restart !== 'no');
const HEALTHCHECK = ['CMD', 'node', 'deploy/healthcheck.mjs'];

describe('docker-compose.yml', () => {
  test('there is a trainer of each model, and all roles', () => {
    const trained = running.flatMap(([, { command = [] }]) => (command[0] === 'train' ? command.slice(command.indexOf('--model') + 1) : []));
    expect(trained.sort()).toEqual([...config.models.map(({ name }) => name), 'persistence', 'prior'].sort());
    expect(new Set(running.map(([, { command }]) => command![0]))).toEqual(new Set(['collect', 'features', 'train', 'serve']));
    expect(running.filter(([, { command }]) => command![0] === 'serve').length).toBeGreaterThan(1);
  });

  test.each(running)('%s waits for its topics, may finish its work, is watched and has no rights it does not need', (_, service) => {
    const serves = service.command![0] === 'serve';
    expect(service.depends_on).toEqual({ topics: { condition: 'service_completed_successfully' } });
    expect(Number.parseInt(service.stop_grace_period, 10)).toBeGreaterThan(Number.parseInt(config.lifecycle.grace, 10));
    expect(service.healthcheck?.test).toEqual([...HEALTHCHECK, String(serves ? config.serving.http.port : config.health.port)]);
    expect(service).toMatchObject({ read_only: true, cap_drop: ['ALL'], security_opt: ['no-new-privileges:true'] });
    for (const port of service.ports ?? []) expect(port).toMatch(/^127\.0\.0\.1:/);
  });
});

describeKafka('the services of docker-compose.yml', ({ brokers, fresh }) => {
  afterAll(endAll);

  test('topics are made, predictions come out of both servers, all are alive, and all end in order', async () => {
    const env = {
      FORETICK_QUEUE_KAFKA_BROKERS: brokers().join(),
      FORETICK_TOPICS_PREFIX: `${fresh()}compose`,
      FORETICK_HEALTH_PORT: '0',
      FORETICK_SERVING_HTTP_PORT: '0',
      FORETICK_SERVING_GRPC_PORT: '0',
    };
    const begin = ({ command }: Service): Program => start(MAIN, command!, { env });
    for (const [, service] of jobs) expect(await begin(service).ended).toMatchObject({ code: 0, stderr: '' });

    // Two of features, as the file recommends.
    const scaled = running.flatMap(([name, service]) => (service.command![0] === 'features' ? [[name, service] as const, [`${name} 2`, service] as const] : [[name, service] as const]));
    const processes = scaled.map(([name, service]) => ({ name, role: service.command![0]!, program: begin(service) }));
    const urls = new Map<string, string>();
    for (const { name, program } of processes) {
      urls.set(name, await eventually(`${name} says where it listens: ${program.stderr()}`, () => /http:\/\/[^\s,]+/.exec(program.stdout())?.[0].replace('0.0.0.0', '127.0.0.1'), 90_000));
    }

    const predictions = async (url: string): Promise<unknown[]> => {
      const answer = await fetch(`${url}/v1/predictions?instrument=binance:BTC-USDT&model=softmax`);
      return answer.ok ? ((await answer.json()) as { predictions: unknown[] }).predictions : [];
    };
    for (const { name, role } of processes) {
      const url = urls.get(name)!;
      for (const path of ['/livez', '/readyz']) await eventually(`${name} answers ${path}`, async () => ((await fetch(url + path)).ok ? true : undefined), 60_000);
      expect(await start(join(ROOT, 'deploy/healthcheck.mjs'), [new URL(url).port]).ended).toMatchObject({ code: 0 });
      // They listen on all interfaces, but not for any name: a page of another site may have made a browser believe that we are it.
      if (role === 'serve') expect((await request(`${url}/livez`, { headers: { host: 'evil.example' } })).statusCode).toBe(400);
      if (role === 'serve') await eventually(`${name} predicts`, async () => ((await predictions(url)).length > 0 ? true : undefined), 90_000);
    }

    for (const { program } of processes) program.kill('SIGTERM');
    for (const { name, program } of processes) expect([name, await program.ended]).toMatchObject([name, { code: 0 }]);
    // Nobody listens any more: the check says so.
    expect(await start(join(ROOT, 'deploy/healthcheck.mjs'), [new URL(urls.get('collect')!).port]).ended).toMatchObject({ code: 1 });
  }, 400_000);
});
