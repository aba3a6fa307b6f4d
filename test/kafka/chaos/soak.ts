/**
 * `npm run chaos -- --runs 100 [--from 1] [--faults 8] [--brokers 1|3]`: runs under faults, one after another, with what came of each. With
 * three brokers, one is replaced in each run.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';

import { endAll } from '../../support/program.ts';
import { cutRecording } from '../../support/recording.ts';
import { startCluster } from '../runner/cluster.ts';
import { BrokerProxy } from '../runner/proxy.ts';
import { referenceOf, runChaos } from './run.ts';

const { values } = parseArgs({
  options: {
    runs: { type: 'string', default: '10' },
    from: { type: 'string', default: '1' },
    faults: { type: 'string', default: '8' },
    brokers: { type: 'string', default: '1' },
    rows: { type: 'string', default: '6000' },
    line: { type: 'string', default: '4' },
  },
});
const directory = mkdtempSync(join(tmpdir(), 'foretick-chaos-'));
const file = cutRecording(directory, Number(values.rows));
const reference = await referenceOf(file, join(directory, 'reference'));
const network: BrokerProxy[] = [];
const several = values.brokers === '3';
const advertise = async (port: number): Promise<number> => {
  const proxy = await BrokerProxy.open(port);
  network.push(proxy);
  return proxy.port;
};
const cluster = await startCluster({ line: values.line === '3.9' ? '3.9' : '4', brokers: several ? 3 : 1, advertise });
// Whoever stops it leaves no processes behind; brokers end with us in any case.
for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.once(signal, () => {
    endAll();
    process.exit(130);
  });
}
let failed = 0;
try {
  for (let seed = Number(values.from); seed < Number(values.from) + Number(values.runs); seed++) {
    const delivery = seed % 2 === 0 ? 'idempotent' : 'transactional';
    const { struck, problems, seconds } = await runChaos({ brokers: cluster.bootstrap, cluster, network, replace: several, seed, delivery, directory, file, speed: 3, faults: Number(values.faults) }, reference);
    if (problems.length > 0) failed += 1;
    process.stdout.write(`seed ${seed}, ${delivery}, ${seconds.toFixed(0)} s: ${struck.join(', ')}: ${problems.length === 0 ? 'equal' : `FAILED: ${problems.join('; ')}`}\n`);
  }
} finally {
  await cluster.stop();
  await Promise.all(network.map((proxy) => proxy.close()));
  rmSync(directory, { recursive: true, force: true });
}
process.stdout.write(`${values.runs} runs, ${failed} failed\n`);
if (failed > 0) process.exitCode = 1;
