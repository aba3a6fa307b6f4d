/** What a run does: the command line's flags. */
import { parseArgs } from 'node:util';

export const SECTIONS = ['w1', 'default', 'memory', 'log', 'start', 'models', 'posts'] as const;
export type SectionName = (typeof SECTIONS)[number];

export interface BenchOptions {
  readonly only: readonly SectionName[];
  readonly quick: boolean;
  readonly json: string | null;
  /** Repetitions after an unmeasured one. */
  readonly repetitions: number;
  readonly ticks: number;
  readonly riverTicks: number;
  readonly instruments: number;
  readonly commits: number;
  readonly posts: number;
}

export const USAGE = `npm run bench -- [--quick] [--only NAME]... [--json FILE]

  --quick      small inputs, two repetitions: shows that everything runs, not how fast
  --only NAME  ${SECTIONS.join(', ')}; may be given several times
  --json FILE  all figures, each repetition too
`;

export function parseOptions(args: readonly string[]): BenchOptions | 'help' {
  const { values } = parseArgs({
    args: [...args],
    options: {
      quick: { type: 'boolean', default: false },
      only: { type: 'string', multiple: true, default: [] },
      json: { type: 'string' },
      help: { type: 'boolean', short: 'h', default: false },
    },
  });
  if (values.help) return 'help';
  const only = values.only.map((name) => {
    const known = SECTIONS.find((section) => section === name);
    if (known === undefined) throw new Error(`no benchmark is named ${name}; there are: ${SECTIONS.join(', ')}`);
    return known;
  });
  const { quick } = values;
  return {
    only: only.length === 0 ? SECTIONS : only,
    quick,
    json: values.json ?? null,
    repetitions: quick ? 2 : 5,
    ticks: quick ? 50_000 : 1_000_000,
    riverTicks: quick ? 5_000 : 100_000,
    instruments: quick ? 50_000 : 1_000_000,
    commits: quick ? 40 : 400,
    posts: quick ? 5_000 : 100_000,
  };
}
