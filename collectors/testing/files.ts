/** For tests: recordings, and files written for one test. */
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../../', import.meta.url));

export const BINANCE = join(root, 'examples/recordings/binance_spot_l1_trades_20250325.csv.gz');

/** A recording that may not be in the repository; null where it is absent. */
export function sharedRecording(name: string): string | null {
  const file = join(root, '../shared/data/tests-only', name);
  return existsSync(file) ? file : null;
}

/** A directory for the files of one test file. */
export function scratch(): { file(name: string, content: string | Uint8Array): string; directory: string; remove(): void } {
  const directory = mkdtempSync(join(tmpdir(), 'foretick-'));
  return {
    directory,
    file(name, content) {
      const path = join(directory, name);
      writeFileSync(path, content);
      return path;
    },
    remove: () => {
      rmSync(directory, { recursive: true, force: true });
    },
  };
}
