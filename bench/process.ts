/** Benchmark cases in processes of their own. */
import { fork } from 'node:child_process';
import { join } from 'node:path';

import type { Case } from './child.ts';

export interface CaseProcess<T> {
  /** One repetition; one at a time. */
  run(): Promise<T>;
  close(): void;
}

export function startCase<T>(of: Case): CaseProcess<T> {
  const child = fork(join(import.meta.dirname, 'child.js'), [JSON.stringify(of)], { execArgv: ['--expose-gc'] });
  return {
    run: () =>
      new Promise((resolve, reject) => {
        const onExit = (code: number | null): void => {
          reject(new Error(`the process of case ${of.kind} ended with ${String(code)}`));
        };
        child.once('exit', onExit);
        child.once('message', (result) => {
          child.off('exit', onExit);
          resolve(result as T);
        });
        child.send('run');
      }),
    close() {
      child.removeAllListeners('exit');
      child.kill();
    },
  };
}
