/** One source in a process of its own: `speed`, `allocated`, `latency` or `memory` in, a result out. */
import { allocated, latency, memory, speed } from './measures.ts';
import { BENCHES } from './sources.ts';
import { recordedTape, standInTape, type Tape } from './tape.ts';

export interface ChildCase {
  readonly name: string;
  /** Frames of the real feed, or of the stand-in. */
  readonly recorded: boolean;
  readonly items: number;
  readonly frames: number;
  readonly rate: number;
  readonly seconds: number;
  readonly instruments: number;
}

export type Measure = 'speed' | 'allocated' | 'latency' | 'memory';

const of = JSON.parse(process.argv[2]!) as ChildCase;
const bench = BENCHES.find(({ name }) => name === of.name)!;
let tape: Promise<Tape> | null = null;

async function measured(what: Measure): Promise<unknown> {
  const made = recordedTape(bench);
  tape ??= of.recorded ? Promise.resolve(made!) : standInTape(bench, of.items);
  const played = await tape;
  // Else what the compilers know of objects that are gone would be forgotten with them: a source lives on.
  if (what !== 'speed') globalThis.gc?.();
  switch (what) {
    case 'speed':
      return speed(bench, played, of.frames);
    case 'allocated':
      return allocated(bench, played);
    case 'latency':
      return latency(bench, played, of.rate, of.seconds);
    case 'memory':
      return memory(bench, played, of.instruments);
  }
}

process.on('message', (what: Measure) => {
  measured(what).then(
    (result) => process.send!({ result }),
    (error: unknown) => process.send!({ error: error instanceof Error ? error.stack : String(error) }),
  );
});
