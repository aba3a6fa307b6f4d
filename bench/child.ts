/**
 * One benchmark case in a process of its own, so that cases do not train V8's compiler for each other. Stays alive
 * between repetitions, which the parent asks for in turn: `run` in, a result out.
 */
import { appendAndFollow, type LogSize } from './log.ts';
import { memoryPerInstrument } from './memory.ts';
import { prepareModel, type ModelCase } from './models.ts';
import { bareLoop, pureCore } from './core.ts';
import { preparePosts } from './posts.ts';
import { throughQueue } from './through-queue.ts';
import { loadTicks, type TickFile } from './ticks.ts';
import { startUsage, type Usage } from './usage.ts';
import { WORKLOADS, type WorkloadName } from './workload.ts';

export type Case =
  | { readonly kind: 'floor'; readonly file: TickFile }
  | { readonly kind: 'core' | 'queue'; readonly file: TickFile; readonly workload: WorkloadName }
  | { readonly kind: 'memory'; readonly instruments: number }
  | { readonly kind: 'log'; readonly size: LogSize }
  | { readonly kind: 'model'; readonly of: ModelCase }
  | { readonly kind: 'posts'; readonly most: number };

export interface TimedRun extends Usage {
  /** Something computed from all of the input. */
  readonly answer?: number;
}

function prepare(of: Case): (() => unknown) | Promise<() => unknown> {
  switch (of.kind) {
    case 'floor': {
      const records = loadTicks(of.file);
      return () => timed(() => bareLoop(records));
    }
    case 'core': {
      const records = loadTicks(of.file);
      return () => timed(() => pureCore(records, WORKLOADS[of.workload]));
    }
    case 'queue': {
      const records = loadTicks(of.file);
      return () => throughQueue(records, WORKLOADS[of.workload]);
    }
    case 'memory':
      return () => memoryPerInstrument(of.instruments);
    case 'log':
      return () => appendAndFollow(of.size);
    case 'model':
      return prepareModel(of.of);
    case 'posts':
      return preparePosts(of.most);
  }
}

function timed(work: () => number): TimedRun {
  const usage = startUsage();
  const answer = work();
  return { ...usage(), answer };
}

const prepared = Promise.resolve(prepare(JSON.parse(process.argv[2]!) as Case));
process.on('message', () => {
  globalThis.gc?.();
  void prepared.then((run) => run()).then((result) => process.send!(result));
});
