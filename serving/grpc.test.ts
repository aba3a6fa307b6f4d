/** What every gRPC server is expected to answer: health, and reflection for clients without .proto files. */
import { credentials, status, type ClientReadableStream } from '@grpc/grpc-js';
import { createFileRegistry, fromBinary, toBinary, create } from '@bufbuild/protobuf';
import { FileDescriptorProtoSchema, FileDescriptorSetSchema } from '@bufbuild/protobuf/wkt';
import { afterEach, beforeEach, expect, test } from '@jest/globals';

import { HealthCheckResponse_ServingStatus as ServingStatus, HealthClient, ServerReflectionClient, type HealthCheckResponse, type ServerReflectionRequest, type ServerReflectionResponse } from '#proto/grpc';

import { startHarness, trailerOf, until, type Harness } from './testing/harness.ts';

const PREDICTION = 'foretick.v1.PredictionService';
let h: Harness;
let health: HealthClient;
beforeEach(async () => {
  h = await startHarness();
  health = new HealthClient(h.grpcAddress, credentials.createInsecure());
});
afterEach(async () => {
  health.close();
  await h.close();
});

const check = (service: string): Promise<number> =>
  new Promise((resolve, reject) => {
    health.check({ service }, (error, answer) => {
      if (error) reject(error);
      else resolve(answer.status);
    });
  });

interface Watched {
  readonly seen: number[];
  readonly cancel: () => void;
  readonly ended: Promise<unknown>;
}

function watch(service: string): Watched {
  const call: ClientReadableStream<HealthCheckResponse> = health.watch({ service });
  const seen: number[] = [];
  call.on('data', (answer: HealthCheckResponse) => seen.push(answer.status));
  return { seen, cancel: () => { call.cancel(); }, ended: new Promise((resolve) => call.once('error', resolve)) };
}

test('a server that is loaded serves: as a whole, and by the name of its service', async () => {
  expect([await check(''), await check(PREDICTION)]).toEqual([ServingStatus.SERVING, ServingStatus.SERVING]);
  const { statuses } = await new Promise<{ statuses: Record<string, HealthCheckResponse> }>((resolve, reject) => {
    health.list({}, (error, answer) => {
      if (error) reject(error);
      else resolve(answer);
    });
  });
  expect(statuses).toEqual({ '': { status: ServingStatus.SERVING }, [PREDICTION]: { status: ServingStatus.SERVING } });
});

test('of a service that is not known a check fails with NOT_FOUND, and a watch says so', async () => {
  const error: unknown = await check('foretick.v1.Nothing').catch((thrown: unknown) => thrown);
  expect([(error as { code: number }).code, trailerOf(error)]).toEqual([status.NOT_FOUND, 'UNKNOWN_ROUTE']);
  const { seen } = watch('foretick.v1.Nothing');
  await until(() => seen.length === 1);
  expect(seen).toEqual([ServingStatus.SERVICE_UNKNOWN]);
});

test('who watches is told before a deploy cuts it off, and keeps nobody waiting', async () => {
  const { seen, ended } = watch('');
  await until(() => seen.length === 1);
  expect(await (await fetch(`${h.url}/metrics`)).text()).toContain('foretick_streams_open{kind="health"} 1');
  const begun = performance.now();
  const stopped = h.server.stop(30_000);
  expect(await ended).toMatchObject({ code: status.UNAVAILABLE });
  await stopped;
  expect(performance.now() - begun).toBeLessThan(20_000);
  expect(seen).toEqual([ServingStatus.SERVING, ServingStatus.NOT_SERVING]);
});

test('who has watched enough leaves nothing open', async () => {
  const { seen, cancel, ended } = watch('');
  await until(() => seen.length === 1);
  cancel();
  await ended;
  await until(async () => (await (await fetch(`${h.url}/metrics`)).text()).includes('foretick_streams_open{kind="health"} 0'));
});

test('while it drains it does not serve', async () => {
  await h.server.drain();
  expect(await check('')).toBe(ServingStatus.NOT_SERVING);
  expect(await watch('').ended).toMatchObject({ code: status.UNAVAILABLE });
});

test('one that is not loaded does not serve, and who watches is told when it is', async () => {
  const late = await startHarness({ unloaded: true });
  health.close();
  health = new HealthClient(late.grpcAddress, credentials.createInsecure());
  expect(await check('')).toBe(ServingStatus.NOT_SERVING);
  const { seen } = watch('');
  await until(() => seen.length === 1);
  late.queue.failWith(null);
  await until(() => seen.length === 2);
  expect(seen).toEqual([ServingStatus.NOT_SERVING, ServingStatus.SERVING]);
  await late.close();
});

/** Answers to these questions, in their order. */
async function ask(...questions: ServerReflectionRequest['messageRequest'][]): Promise<ServerReflectionResponse['messageResponse'][]> {
  const client = new ServerReflectionClient(h.grpcAddress, credentials.createInsecure());
  const call = client.serverReflectionInfo();
  const answers: ServerReflectionResponse['messageResponse'][] = [];
  for (const messageRequest of questions) call.write({ host: '', messageRequest });
  call.end();
  for await (const answer of call as AsyncIterable<ServerReflectionResponse>) answers.push(answer.messageResponse);
  client.close();
  return answers;
}

test('reflection lists the services, and gives the files of each with all that they need', async () => {
  const [list, ...files] = await ask(
    { $case: 'listServices', listServices: '' },
    ...[PREDICTION, `${PREDICTION}.Predict`, 'foretick.v1.Scored', 'foretick.v1.Scored.price', 'grpc.health.v1.HealthCheckResponse.ServingStatus'].map((symbol) => ({ $case: 'fileContainingSymbol', fileContainingSymbol: symbol }) as const),
    { $case: 'fileByFilename', fileByFilename: 'foretick/v1/service.proto' },
  );
  expect(list).toMatchObject({ listServicesResponse: { service: expect.arrayContaining([{ name: PREDICTION }, { name: 'grpc.health.v1.Health' }]) as unknown } });
  for (const answer of files) {
    if (answer?.$case !== 'fileDescriptorResponse') throw new Error(JSON.stringify(answer));
    const file = answer.fileDescriptorResponse.fileDescriptorProto.map((bytes) => fromBinary(FileDescriptorProtoSchema, bytes));
    // It throws where an import is missing.
    const registry = createFileRegistry(fromBinary(FileDescriptorSetSchema, toBinary(FileDescriptorSetSchema, create(FileDescriptorSetSchema, { file: [...file].reverse() }))));
    expect([...registry].length).toBeGreaterThan(0);
  }
});

test('what reflection does not know is an answer of its own, and the call goes on', async () => {
  const answers = await ask(
    ...['', 'nothing', `${PREDICTION}.Nothing`, 'foretick.v1'].map((symbol) => ({ $case: 'fileContainingSymbol', fileContainingSymbol: symbol }) as const),
    { $case: 'fileByFilename', fileByFilename: '../secrets.proto' },
    { $case: 'fileContainingExtension', fileContainingExtension: { containingType: 'foretick.v1.Scored', extensionNumber: 100 } },
    { $case: 'allExtensionNumbersOfType', allExtensionNumbersOfType: 'foretick.v1.Nothing' },
    undefined,
    { $case: 'allExtensionNumbersOfType', allExtensionNumbersOfType: 'foretick.v1.Scored' },
  );
  expect(answers.map((answer) => (answer?.$case === 'errorResponse' ? answer.errorResponse.errorCode : answer?.$case))).toEqual([...Array<number>(7).fill(status.NOT_FOUND), status.INVALID_ARGUMENT, 'allExtensionNumbersResponse']);
});
