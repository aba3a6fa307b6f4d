/** Benchmark cases in processes of their own. */
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';

import type { Case } from './child.ts';

export interface CaseProcess<T> {
  run(): Promise<T>;
  close(): void;
}

export function startCase<T>(of: Case): CaseProcess<T> {
  const child = fork(join(import.meta.dirname, 'child.js'), [JSON.stringify(of)], {
    execArgv: ['--expose-gc'],
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
  });
  return {
    async run() {
      const ended = new AbortController();
      const result = once(child, 'message', { signal: ended.signal });
      const death = once(child, 'exit', { signal: ended.signal });
      child.send('run');
      try {
        const [answer] = (await Promise.race([result, death.then(([code]) => { throw new Error(`case ${of.kind} ended with ${String(code)}`); })])) as [T];
        return answer;
      } finally {
        ended.abort();
        // Both were told to stop listening, and say so.
        void Promise.allSettled([result, death]);
      }
    },
    close() {
      child.kill();
    },
  };
}
