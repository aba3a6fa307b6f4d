/** Models beside scikit-learn, River and PyTorch on the same shapes. */
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

import { BATCHES, MODEL_CASES, type ModelRun } from './models.ts';
import type { BenchOptions } from './options.ts';
import { MODELS_SCRIPT } from './paths.ts';
import { startCase } from './process.ts';
import type { Aim, Row, Section } from './report.ts';
import { preparePython } from './river.ts';
import { median } from './stats.ts';

const exec = promisify(execFile);

type Peers = Readonly<Record<string, string | Readonly<Record<string, ModelRun>>>>;

/** What each model is held against: a peer's, its name there, and how much of its time is aimed at. */
const PEERS: readonly { readonly model: string; readonly library: string; readonly peer: string; readonly share?: number }[] = [
  { model: 'softmax, sgd', library: 'River', peer: 'softmax', share: 0.05 },
  { model: 'softmax, sgd', library: 'scikit-learn', peer: 'softmax' },
  { model: 'logistic, sgd', library: 'River', peer: 'logistic', share: 0.05 },
  { model: 'logistic, sgd', library: 'River', peer: 'logistic, learn_many' },
  { model: 'logistic, sgd', library: 'scikit-learn', peer: 'logistic' },
  { model: 'linear regression, sgd', library: 'River', peer: 'linear', share: 0.05 },
  { model: 'linear regression, sgd', library: 'scikit-learn', peer: 'linear' },
];
const DENSE = 'mlp 32-64-32-3, own kernels';
/** Up to here a dense step is to take no longer than PyTorch's; and one row is to be predicted within this many microseconds. */
const DENSE_BATCH = 128;
const DENSE_PREDICT_US = 3;

export async function modelsSection({ repetitions, quick }: BenchOptions): Promise<Section> {
  const children = MODEL_CASES.map(({ spec, rows }) => ({
    name: spec.name,
    child: startCase<ModelRun>({ kind: 'model', of: { spec, rows: quick ? Math.ceil(rows / 20) : rows } }),
    runs: [] as ModelRun[],
  }));
  const peers: Peers[] = [];
  const python = await preparePython(['scikit-learn==1.9.1', 'pandas==3.1.1']).catch((error: unknown) => String(error));
  // In turn, after one unmeasured repetition: the compilers of all have seen the work.
  for (let i = 0; i <= repetitions; i++) {
    for (const { child, runs } of children) {
      const run = await child.run();
      if (i > 0) runs.push(run);
    }
    if (typeof python !== 'string' && i > 0 && i <= (quick ? 1 : 3)) peers.push(JSON.parse((await exec(python.path, [MODELS_SCRIPT])).stdout) as Peers);
  }
  for (const { child } of children) child.close();
  const own = new Map(children.map(({ name, runs }) => [name, runs]));
  const left = Object.entries(peers[0] ?? {}).filter((entry): entry is [string, string] => typeof entry[1] === 'string');
  const skipped = [...(typeof python === 'string' ? [`peers: ${python}`] : []), ...left.map(([library, why]) => `${library}: ${why}`)];
  return {
    name: 'models',
    title: 'Models of 32 features: microseconds a row, wall time (a step of a batch divided by its rows)',
    rows: [...children.flatMap(({ name, runs }) => ownRows(name, runs)), ...peerRows(peers, own), ...pytorchRows(peers, own)],
    // FORETICK_BENCH_PYTHON may name an interpreter that has them all, PyTorch too, which is not installed by itself: it is some gigabytes.
    ...(skipped.length > 0 && { skipped: skipped.join('; ') }),
  };
}

function ownRows(name: string, runs: readonly ModelRun[]): Row[] {
  const batches = Object.keys(runs[0]!.learn);
  return [
    ...batches.map((batch) => ({ name: `${name}: learn ${batch}`, unit: 'µs', values: runs.map(({ learn }) => learn[batch]!) })),
    { name: `${name}: predict 1`, unit: 'µs', values: runs.map(({ predict }) => predict[1]!), ...(name === DENSE && { aim: { limit: DENSE_PREDICT_US, is: 'at most' } satisfies Aim }) },
  ];
}

const of = (peers: readonly Peers[], library: string, peer: string): ModelRun[] =>
  peers.flatMap((run) => {
    const models = run[library];
    return typeof models === 'object' && models[peer] ? [models[peer]] : [];
  });

function peerRows(peers: readonly Peers[], own: ReadonlyMap<string, readonly ModelRun[]>): Row[] {
  return PEERS.flatMap(({ model, library, peer, share }) => {
    const runs = of(peers, library, peer);
    if (runs.length === 0) return [];
    return (['learn', 'predict'] as const).flatMap((what) =>
      (what === 'learn' ? BATCHES : [1]).map((batch): Row => {
        const values = runs.map((run) => run[what][batch]!);
        const ratio = median(own.get(model)!.map((run) => run[what][batch]!)) / median(values);
        const aim: Aim | undefined = share !== undefined && batch <= 32 ? { limit: share, is: 'at most', value: ratio } : undefined;
        return { name: `${library} ${peer}: ${what} ${batch}`, unit: 'µs', values, ratio: `ours ${ratio.toFixed(3)} ×`, ...(aim && { aim }) };
      }),
    );
  });
}

function pytorchRows(peers: readonly Peers[], own: ReadonlyMap<string, readonly ModelRun[]>): Row[] {
  const names = Object.keys((typeof peers[0]?.['PyTorch'] === 'object' && peers[0]['PyTorch']) || {});
  return names.flatMap((peer) =>
    BATCHES.flatMap((batch): Row[] => {
      const values = of(peers, 'PyTorch', peer).map(({ learn }) => learn[batch]!);
      const ratio = median(own.get(DENSE)!.map(({ learn }) => learn[batch]!)) / median(values);
      return [{ name: `PyTorch ${peer}: learn ${batch}`, unit: 'µs', values, ratio: `ours ${ratio.toFixed(3)} ×`, ...(batch <= DENSE_BATCH && { aim: { limit: 1, is: 'at most', value: ratio } satisfies Aim }) }];
    }),
  );
}
