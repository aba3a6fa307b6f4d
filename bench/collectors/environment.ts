/** A source outside its process: what it is given, and what it gives. */
import { SOURCE_KINDS, Secret, fixedInstruments, type Clock, type Limits, type Network, type Source, type SourceEnvironment } from '#collectors';

import { kindOf, type CollectorBench } from './sources.ts';

export interface SourceGiven {
  readonly clock: Clock;
  readonly network: Network;
  readonly limits: Limits;
  readonly settings: Readonly<Record<string, unknown>>;
  readonly instruments: readonly string[];
}

export function sourceOf(bench: CollectorBench, { clock, network, limits, settings, instruments }: SourceGiven): Source {
  const name = kindOf(bench);
  const kind = SOURCE_KINDS.find((one) => one.kind === name)!;
  const environment: SourceEnvironment = {
    clock,
    network,
    limits,
    random: () => 0.5,
    secret: (ref) => Promise.resolve(new Secret(`secret-of-${'env' in ref ? ref.env : ref.file}`)),
    redact: (text) => text,
    instruments: () => fixedInstruments(instruments),
  };
  return kind.create(name, kind.options.parse(settings), environment);
}
