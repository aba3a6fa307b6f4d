/** Programs that come with Kafka. */
import { execFile } from 'node:child_process';

import { librariesOf } from './libraries.ts';

/** What it prints; rejects with its complaints when it fails or takes too long. */
export function runJava(program: string, args: readonly string[], { input = '', timeoutMs = 120_000 }: { readonly input?: string; readonly timeoutMs?: number } = {}): Promise<string> {
  const classes = `${librariesOf(program.startsWith('kafka.') ? '3.9' : 'tools')}/*`;
  return new Promise((resolve, reject) => {
    const child = execFile('java', ['-Xmx512m', '-Dfile.encoding=UTF-8', '-cp', classes, program, ...args], { maxBuffer: 1 << 26, timeout: timeoutMs }, (error, stdout, stderr) => {
      if (error) reject(new Error(`${program}: ${stderr}`, { cause: error }));
      else resolve(stdout);
    });
    child.stdin!.end(input);
  });
}
