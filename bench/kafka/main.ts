/**
 * `npm run bench:kafka [-- --quick] [--line 4|3.9] [--only NAME]...`: our driver beside bare kafkajs and Kafka's own tools, on a broker of its own (or
 * `KAFKA_BROKERS`). Medians of interleaved repetitions; every repetition has fresh topics.
 */
import { parseArgs } from 'node:util';

import { startCluster } from '../../test/kafka/runner/cluster.ts';
import { machine, machineLine } from '../machine.ts';
import { printSection, type Section } from '../report.ts';
import { arrowSection } from './arrow.ts';
import { latencySection } from './latency-section.ts';
import { progressSection } from './progress.ts';
import { recordsSection } from './records.ts';
import { restoringSection } from './restoring.ts';
import type { KafkaBench } from './settings.ts';
import { transactionsSection } from './transactions.ts';

const SECTIONS: Readonly<Record<string, (bench: KafkaBench) => Promise<Section>>> = {
  'records-200': (bench) => recordsSection(bench, 200),
  'records-1024': (bench) => recordsSection(bench, 1024),
  arrow: arrowSection,
  latency: latencySection,
  transactions: transactionsSection,
  progress: progressSection,
  restoring: restoringSection,
};

const { values } = parseArgs({
  options: {
    quick: { type: 'boolean', default: false },
    line: { type: 'string', default: '4' },
    only: { type: 'string', multiple: true, default: [] },
    repetitions: { type: 'string', default: '5' },
  },
});
const unknown = values.only.find((name) => !(name in SECTIONS));
if (unknown !== undefined) throw new Error(`no section is named ${unknown}; there are: ${Object.keys(SECTIONS).join(', ')}`);
const given = process.env['KAFKA_BROKERS'];
const cluster = given === undefined ? await startCluster({ line: values.line === '3.9' ? '3.9' : '4' }) : null;
let names = 0;
const bench: KafkaBench = {
  brokers: cluster?.bootstrap ?? given!.split(','),
  quick: values.quick,
  repetitions: values.quick ? 1 : Number(values.repetitions),
  fresh: () => `bench-${process.pid}-${names++}`,
};
const write = (text: string): void => { process.stdout.write(text); };
try {
  write(`${machineLine(machine())}\n`);
  for (const [name, section] of Object.entries(SECTIONS)) {
    if (values.only.length === 0 || values.only.includes(name)) printSection(await section(bench), !values.quick, write);
  }
  write(`\n${machineLine(machine())}\n`);
} finally {
  await cluster?.stop();
}
