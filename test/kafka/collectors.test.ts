/**
 * Three collector processes share 1,000 instruments of one vendor: one is killed with -9, one is added, one is frozen until its part has moved
 * and thawed, one is drained. Together they publish what happened at the vendor, once, and say what they could not.
 */
import { afterAll, expect, test } from '@jest/globals';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { stringify } from 'yaml';

import { systemClock } from '#collectors';
import { topicLayout } from '#proto';
import { openKafkaQueue } from '#queue/kafka';

import { endAll, foretick, start, eventually, MAIN, type Program } from '../support/program.ts';
import { scratchDirectory } from '../support/recording.ts';
import { coinbaseExchange } from '../vendors/coinbase/exchange.ts';
import { findings } from '../vendors/kit/accounts.ts';
import { Topics } from '../vendors/kit/published.ts';
import { StandIn } from '../vendors/kit/stand-in.ts';
import { describeKafka } from './runner/describe.ts';

const PARTITIONS = 24;
const SYMBOLS = Array.from({ length: 1000 }, (_, i) => `S${i}-USD`);
/** Things that happen a second. */
const RATE = 100;

describeKafka('collectors that share a source', ({ brokers, fresh }) => {
  const scratch = scratchDirectory();
  afterAll(() => {
    endAll();
    scratch.remove();
  });

  test('1,000 instruments in three processes that are killed, frozen, added and drained: complete, nothing twice', async () => {
    const prefix = fresh().replace(/\.$/, '');
    const layout = topicLayout({ prefix, inputs: PARTITIONS, shards: 1 });
    const standIn = new StandIn({ clock: systemClock, seed: 7, vendor: (own) => coinbaseExchange(own, SYMBOLS) });
    await standIn.start();
    const port = String(standIn.proxy.port);
    const config = join(scratch.path, 'live.yaml');
    const kafka = { brokers: [...brokers()], session_timeout: '2s', heartbeat_interval: '200ms', takeover_wait: '3s', transaction_timeout: '4s' };
    const source = { name: 'coinbase', kind: 'coinbase', url: `ws://127.0.0.1:${port}`, rest_url: `http://127.0.0.1:${port}`, allow_plain_text: true, instruments_per_connection: 1000, watermark_interval: '200ms' };
    writeFileSync(config, stringify({ queue: { driver: 'kafka', kafka }, topics: { prefix, partitions: PARTITIONS, shards: 1 }, sources: [source], collectors: { replicas: 3 }, logging: { level: 'info' }, lifecycle: { grace: '20s' } }));
    const collector = (): Program => start(MAIN, ['collect', '--config', config, '--health-port', '0']);
    const members = [collector()];
    const queue = await openKafkaQueue({ brokers: brokers() });
    const play = (forMs: number): Promise<void> => standIn.play({ name: 'calm', forMs, rate: RATE, steps: [] });
    try {
      await eventually('the topics are there', async () => ((await queue.topics()).some(({ name }) => name === layout.name('subscriptions')) ? true : undefined), 60_000);
      const added = await foretick(['subscribe', 'add', 'coinbase', ...SYMBOLS, '--config', config]);
      expect(added.code).toBe(0);
      members.push(collector(), collector());
      await eventually('all three collect', () => (members.every((member) => /"partitions":\[\d/.test(member.stderr())) ? true : undefined), 60_000);
      await play(4000);

      const killedAt = Date.now();
      members[1]!.kill('SIGKILL');
      members.push(collector());
      await play(8000);
      members[2]!.kill('SIGSTOP');
      await play(5000);
      members[2]!.kill('SIGCONT');
      await play(4000);
      members[0]!.kill('SIGTERM');
      const drained = await members[0]!.ended;
      expect(drained.code).toBe(0);
      await play(6000);

      const topics = new Topics(queue, layout, standIn.vendor);
      const run = { standIn, skipped: () => new Map<string, number>() };
      const published = await eventually(
        'everything is published or reported',
        async () => {
          // To look takes the time of those who are to go on.
          await sleep(2000);
          const now = await topics.read();
          return findings(run, now).some((text) => text.includes('neither published nor reported')) ? undefined : now;
        },
        // The vendor answers ten requests a second: what a hand-over took of hundreds of instruments is fetched one by one.
        120_000,
      ).catch(() => topics.read());
      const found = findings(run, published);
      // What a person who looks into it needs first.
      if (found.length > 0) process.stdout.write(members.map((member, i) => `collector ${i}, ended with ${String(member.child.exitCode ?? member.child.signalCode)}\n${lastLines(member)}\n`).join(''));
      expect(found.slice(0, 20)).toEqual([]);
      // Gaps of trades are fetched; those of quotes can only be told.
      expect(published.gaps.filter(({ stream, missed, recovered }) => stream === 'trade' && recovered < missed)).toEqual([]);
      expect(published.rows.length).toBeGreaterThan(RATE * 15);
      const waits = [...published.watermarks.values()].map((times) => longestWait(times, killedAt * 1000)).filter((wait) => wait > 1e6);
      process.stdout.write(`hand-over of ${waits.length} partitions of a killed process: ${(Math.min(...waits) / 1e6).toFixed(1)} to ${(Math.max(...waits) / 1e6).toFixed(1)} s without a watermark\n`);
    } finally {
      for (const member of members) for (const signal of ['SIGCONT', 'SIGTERM'] as const) member.kill(signal);
      await Promise.race([Promise.all(members.map(({ ended }) => ended)), sleep(20_000, null, { ref: false })]);
      await standIn.stop();
      await queue.close();
    }
  }, 300_000);
});

function lastLines(member: Program): string {
  return member.stderr().split('\n').slice(-25).join('\n');
}

/** The longest time between two watermarks of a partition within four seconds of a kill, microseconds. */
function longestWait(times: readonly number[], atUs: number): number {
  let longest = 0;
  for (let i = 1; i < times.length; i++) {
    if (times[i - 1]! < atUs + 1e6 && times[i]! > atUs) longest = Math.max(longest, times[i]! - times[i - 1]!);
  }
  return longest;
}
