/** The faults that a source must survive, one after another, of a seed. */
import type { ContractOptions } from './contract.ts';
import { randomOf } from './market.ts';
import { randomFaults, type Fault, type Scenario } from './scenario.ts';

export function faultsOf({ closeCode = 1001, without = [], silentMs }: ContractOptions, seed: number): Scenario {
  const all: Fault[] = [
    { fault: 'cut' },
    { fault: 'close', code: closeCode ?? 1001, reason: 'restart' },
    { fault: 'half-open' },
    { fault: 'garbage', frames: 3 },
    { fault: 'truncate', frames: 2 },
    { fault: 'reorder', frames: 5 },
    { fault: 'gap', frames: 3 },
    { fault: 'repeat', frames: 5 },
    { fault: 'drip', forMs: 500 },
    { fault: 'flood', items: 300 },
    { fault: 'status', status: 503, forMs: 1500 },
    { fault: 'dns', forMs: 1500 },
    { fault: 'refuse', forMs: 1500 },
  ];
  const faults = all.filter(({ fault }) => !without.includes(fault));
  return randomFaults(randomOf(seed), faults, { forMs: silentMs * 3 + 90_000, rate: 10, everyMs: 6000 });
}
