/** `npm run bench:collectors` knows every live source. */
import { describe, expect, test } from '@jest/globals';

import { SOURCE_KINDS } from '#collectors';

import { Player } from '../bench/collectors/player.ts';
import { BENCHES, kindOf } from '../bench/collectors/sources.ts';
import { standInTape } from '../bench/collectors/tape.ts';

test.each(SOURCE_KINDS.map(({ kind }) => kind))('%s has bench frames: an entry in bench/collectors/sources.ts', (kind) => {
  expect(BENCHES.map(kindOf)).toContain(kind);
});

test('no entry is of a source that does not ship, and names are no two alike', () => {
  for (const bench of BENCHES) expect(SOURCE_KINDS.map(({ kind }) => kind)).toContain(kindOf(bench));
  expect(new Set(BENCHES.map(({ name }) => name)).size).toBe(BENCHES.length);
});

describe('what the source makes of frames that are played to it is what it made of them when they came', () => {
  test.each(BENCHES.map((bench) => [bench.name, bench] as const))('%s', async (_, bench) => {
    const tape = await standInTape(bench, 600);
    expect(tape.frames.length + tape.answers.length).toBeGreaterThan(1);
    const player = new Player(bench, tape);
    await player.setUp();
    expect(await player.play()).toBe(Math.max(tape.frames.length, tape.answers.length) - tape.setUp);
    await player.end();
    expect(player.played.rejected).toBe(0);
    expect(player.played.rows).toBeGreaterThan(tape.answers.length > 1 ? 100 : 500);
  });
});
