/** Ticks in, predictions and learning: the floor, the core, the workers over the queue, and River, in turn. */
import type { Case, TimedRun } from './child.ts';
import type { BenchOptions } from './options.ts';
import { startCase } from './process.ts';
import type { Row, Section } from './report.ts';
import { prepareRiver, type RiverRun } from './river.ts';
import { median } from './stats.ts';
import { prepareTicks } from './ticks.ts';
import { W1_FEATURES, WORKLOADS } from './workload.ts';

/** CPU seconds a million ticks. */
const AIMS = { core: 0.5, queue: 1.5 } as const;

interface Contestant {
  readonly name: string;
  readonly ticks: number;
  /** First entry unmeasured. */
  readonly runs: TimedRun[];
  readonly run: () => Promise<TimedRun>;
  readonly close: () => void;
  readonly aim?: number;
  readonly note?: string;
}

export async function throughputSection(name: 'w1' | 'default', options: BenchOptions): Promise<Section> {
  const { repetitions, ticks, riverTicks } = options;
  const file = await prepareTicks(ticks);
  const contestant = (label: string, of: Case, aim?: number): Contestant => {
    const child = startCase<TimedRun>(of);
    return { name: label, ticks, runs: [], run: () => child.run(), close: () => { child.close(); }, ...(aim !== undefined && { aim }) };
  };
  const contestants: Contestant[] = [
    contestant('bare loop', { kind: 'floor', file }),
    contestant('pure core', { kind: 'core', file, workload: name }, name === 'w1' ? AIMS.core : undefined),
    contestant('through the queue', { kind: 'queue', file, workload: name }, name === 'w1' ? AIMS.queue : undefined),
  ];
  let skipped: string | undefined;
  if (name === 'w1') {
    contestants.push(contestant('pure core, steps of 32 rows', { kind: 'core', file, workload: 'w1-batches' }));
    const river = await prepareRiver(file, riverTicks);
    if (typeof river === 'string') skipped = river;
    else contestants.push(riverContestant(river, riverTicks));
  }
  for (let i = 0; i <= repetitions; i++) for (const each of contestants) each.runs.push(await each.run());
  for (const each of contestants) each.close();
  const [floor, core] = contestants.map(({ runs }) => runs.slice(1).map(({ cpu }) => cpu));
  const millions = (of: Contestant): number => 1e6 / of.ticks;
  const rows = contestants.map((each): Row => {
    const measured = each.runs.slice(1);
    const cpu = measured.map((run) => run.cpu * millions(each));
    const times = (other: readonly number[]): string => (median(cpu.map((value, i) => value / (other[i]! * (1e6 / ticks))))).toFixed(1);
    return {
      name: each.name,
      unit: 'CPU s / M',
      values: cpu,
      perSecond: measured.map(({ wall }) => each.ticks / wall),
      ...(each.name !== 'bare loop' && { ratio: each.name.startsWith('pure core') ? `${times(floor!)} × bare loop` : `${times(core!)} × core` }),
      ...(each.aim !== undefined && { aim: { limit: each.aim, is: 'at most' } }),
      ...(each.note !== undefined && { note: each.note }),
      detail: { first: each.runs[0]!, runs: measured },
    };
  });
  const { title } = WORKLOADS[name];
  const features = name === 'w1' ? `\n  (${W1_FEATURES.join(', ')})` : '';
  return { name, title: `${title}: ${ticks} ticks, ${file.origin}${features}`, rows, ...(skipped !== undefined && { skipped }) };
}

function riverContestant(run: () => Promise<RiverRun>, ticks: number): Contestant {
  return {
    name: 'River 0.26.1',
    ticks,
    runs: [],
    run,
    close: () => undefined,
    note: `measured on the first ${ticks} ticks and scaled to a million; features in plain Python, StandardScaler | LogisticRegression`,
  };
}
