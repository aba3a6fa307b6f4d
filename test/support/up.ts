/** A live `foretick up` on free ports. */
import { MAIN, eventually, start, type Program } from './program.ts';

export interface LiveUp {
  readonly program: Program;
  readonly http: string;
  /** host:port */
  readonly grpc: string;
  readonly directory: string;
}

/** Resolves when it says where it listens. */
export async function startUp(directory: string, flags: readonly string[] = ['--speed', '20']): Promise<LiveUp> {
  const args = ['up', '--data', directory, '--http-port', '0', '--grpc-port', '0', '--json', '--log-level', 'info', ...flags];
  const program = start(MAIN, args);
  let over = false;
  void program.ended.then(() => { over = true; });
  const line = await eventually('up says where it listens', () => {
    if (over) throw new Error(`up has ended: ${program.stderr()}`);
    const [first, rest] = program.stdout().split('\n', 2);
    return rest === undefined ? undefined : first;
  }, 60_000);
  const { http, grpc } = JSON.parse(line) as { http: string; grpc: string };
  return { program, http, grpc, directory };
}
