/** Where the package lies, and its version. */
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

function findRoot(): string {
  let directory = dirname(fileURLToPath(import.meta.url));
  while (!existsSync(join(directory, 'package.json'))) directory = dirname(directory);
  return directory;
}

export const packageRoot: string = findRoot();

export function packageVersion(): string {
  const { version } = JSON.parse(readFileSync(join(packageRoot, 'package.json'), 'utf8')) as { version: string };
  return version;
}

/** The table that ships of which words of a post name which instruments. */
export const exampleTable: string = join(packageRoot, 'examples/instruments.yaml');

/** The recording that ships, and what its instruments are. */
export const demoRecording = {
  file: join(packageRoot, 'examples/recordings/binance_spot_l1_trades_20250325.csv.gz'),
  instruments: ['binance:BTC-USDT', 'binance:ETH-USDT', 'binance:SOL-USDT'],
} as const;
