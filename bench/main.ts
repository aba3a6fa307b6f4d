/** `npm run bench`: see docs/benchmarks.md. */
import { writeFileSync } from 'node:fs';

import { machine, machineLine } from './machine.ts';
import { USAGE, parseOptions } from './options.ts';
import { met, printSection, type Section } from './report.ts';
import { runSection } from './sections.ts';
import { median } from './stats.ts';

const write = (text: string): void => {
  process.stdout.write(text);
};

const options = parseOptions(process.argv.slice(2));
if (options === 'help') {
  write(USAGE);
} else {
  const where = machine();
  write(`${machineLine(where)}\n`);
  write(options.quick ? 'quick: shows that everything runs; the figures mean little\n' : `medians of ${options.repetitions} interleaved repetitions\n`);
  const sections: Section[] = [];
  for (const name of options.only) {
    const section = await runSection(name, options);
    printSection(section, !options.quick, write);
    sections.push(section);
  }
  if (options.json !== null) {
    const rows = sections.map(({ rows: all, ...section }) => ({ ...section, rows: all.map((row) => ({ ...row, median: median(row.values), ...(!options.quick && { met: met(row) }) })) }));
    writeFileSync(options.json, `${JSON.stringify({ machine: where, quick: options.quick, sections: rows }, null, 2)}\n`);
  }
}
