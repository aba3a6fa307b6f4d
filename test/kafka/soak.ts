/** `npm run soak:kafka -- [--runs 20] [--seed N] [--line 4|3.9]`: the runs of loss.test.ts, many times, with a table of what came of them. */
import { parseArgs } from 'node:util';

import { randomOf } from '../support/random.ts';
import { isClean } from './load.ts';
import { killLeader, loseAnswers, type LossRun } from './loss.ts';
import { startCluster } from './runner/cluster.ts';
import { BrokerProxy } from './runner/proxy.ts';

const { values } = parseArgs({ options: { runs: { type: 'string', default: '20' }, seed: { type: 'string' }, line: { type: 'string', default: '4' } } });
const runs = Number(values.runs);
const seed = Number(values.seed ?? Math.floor(Math.random() * 2 ** 31));
const line = values.line === '3.9' ? '3.9' : '4';
const random = randomOf(seed);
const write = (text: string): void => { process.stdout.write(`${text}\n`); };

async function repeat(name: string, run: (topic: string) => Promise<LossRun>): Promise<boolean> {
  const sums = { faults: 0, acknowledged: 0, read: 0, failed: 0, lost: 0, doubled: 0, disordered: 0, clean: 0 };
  for (let i = 1; i <= runs; i++) {
    const result = await run(`${name}-${i}`);
    const { faults, acknowledged, read, lost, doubled, disordered, failures } = result;
    const clean = isClean(result) && failures.length === 0;
    write(`${name} ${i}/${runs}: faults ${faults}, acknowledged ${acknowledged}, read ${read}, failed calls ${failures.length}, lost ${lost.length}, doubled ${doubled.length}, out of order ${disordered.length}`);
    if (!clean) write(JSON.stringify({ lost: lost.slice(0, 5), doubled: doubled.slice(0, 5), disordered: disordered.slice(0, 5), failures: failures.slice(0, 3).map(String) }));
    sums.faults += faults;
    sums.acknowledged += acknowledged;
    sums.read += read;
    sums.failed += failures.length;
    sums.lost += lost.length;
    sums.doubled += doubled.length;
    sums.disordered += disordered.length;
    sums.clean += clean ? 1 : 0;
  }
  write(`| ${name} | ${sums.clean} of ${runs} | ${sums.faults} | ${sums.acknowledged} | ${sums.read} | ${sums.failed} | ${sums.lost} | ${sums.doubled} | ${sums.disordered} |`);
  return sums.clean === runs;
}

write(`Kafka ${line}, seed ${seed}`);
const proxies: BrokerProxy[] = [];
const one = await startCluster({
  line,
  advertise: async (port) => {
    const proxy = await BrokerProxy.open(port);
    proxies.push(proxy);
    return proxy.port;
  },
});
let good = true;
try {
  good = (await repeat('answers-lost', (topic) => loseAnswers(one, proxies[0]!, topic, random))) && good;
} finally {
  await one.stop();
  await Promise.all(proxies.map((proxy) => proxy.close()));
}
const three = await startCluster({ line, brokers: 3 });
try {
  good = (await repeat('leader-killed', (topic) => killLeader(three, topic, random))) && good;
} finally {
  await three.stop();
}
if (!good) process.exitCode = 1;
