import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { readFileSync } from 'node:fs';

import { seededRandom } from '#models';

import { kernelsModule } from './assembly/build.mjs';
import { createKernels, type Kernels } from './kernels.ts';

test('the compiled kernels are those of their source (make them again: npm run generate:kernels)', async () => {
  expect(readFileSync(new URL('kernels.wasm.ts', import.meta.url), 'utf8')).toBe(await kernelsModule());
}, 60_000);

const FLOATS = 16_384;
/** Everyday numbers, and some that are large, tiny or 0. */
function filled(kernels: Kernels, seed: number): Kernels {
  const random = seededRandom(seed);
  for (let i = 0; i < FLOATS; i++) {
    const kind = random();
    const value = 4 * random() - 2;
    kernels.memory[i] = kind < 0.1 ? 0 : kind < 0.15 ? value * 1e6 : kind < 0.2 ? value * 1e-6 : value;
  }
  return kernels;
}

const width = fc.integer({ min: 1, max: 9 }).map((n) => 4 * n);

test('SIMD and scalar kernels give the same bits', () => {
  fc.assert(
    fc.property(fc.nat(), fc.integer({ min: 1, max: 11 }), width, width, fc.boolean(), (seed, rows, inputs, outputs, relu) => {
      const [simd, scalar] = [filled(createKernels(FLOATS, 'simd'), seed), filled(createKernels(FLOATS, 'scalar'), seed)];
      const [x, y, w, b, dy, dx, dw, db] = [0, 1024, 2048, 4096, 5120, 6144, 7168, 9216];
      for (const kernels of [simd, scalar]) {
        kernels.forward(y, x, w, b, rows, inputs, outputs, relu);
        kernels.backward(dx, dy, w, x, rows, inputs, outputs);
        kernels.gradient(dw, db, x, dy, rows, inputs, outputs);
        kernels.sgd(w, dw, inputs * outputs, 0.7, 0.01, 0.001);
        kernels.memory.fill(0.25, 12_000, 12_000 + 1300);
        kernels.adam(dw, dy, 10_240, 12_000, 400, 0.5, 0.003, 1e-8, 0.01);
      }
      expect(simd.squares(dy, 512)).toBe(scalar.squares(dy, 512));
      for (let i = 0; i < FLOATS; i++) if (!Object.is(simd.memory[i], scalar.memory[i])) expect([i, simd.memory[i]]).toEqual([i, scalar.memory[i]]);
    }),
    { numRuns: 60 },
  );
});

test('a row gives the same bits alone and among others', () => {
  const kernels = filled(createKernels(FLOATS), 3);
  const [rows, inputs, outputs] = [11, 20, 36];
  kernels.forward(1024, 0, 2048, 4096, rows, inputs, outputs, true);
  const together = kernels.memory.slice(1024, 1024 + rows * outputs);
  for (let r = 0; r < rows; r++) kernels.forward(1024 + r * outputs, r * inputs, 2048, 4096, 1, inputs, outputs, true);
  expect(kernels.memory.slice(1024, 1024 + rows * outputs)).toEqual(together);
});
