/**
 * Dense kernels over one block of float32 memory. Addresses are indices of floats and multiples of 4, widths are multiples of 4; matrices
 * are row-major, weights `[inputs][outputs]`.
 */
import { fail } from '#proto';

import { KERNELS_WASM } from './kernels.wasm.ts';
import { scalarKernels } from './scalar.ts';

export interface Kernels {
  readonly memory: Float32Array;
  /** y[r] = x[r] · w + b, below 0 cut to 0 when `relu`. A row's result does not depend on the rows beside it. */
  forward(y: number, x: number, w: number, b: number, rows: number, inputs: number, outputs: number, relu: boolean): void;
  /** dx[r] = dy[r] · wᵀ where x[r] > 0, else 0. */
  backward(dx: number, dy: number, w: number, x: number, rows: number, inputs: number, outputs: number): void;
  /** dw += xᵀ · dy, db += Σ dy. */
  gradient(dw: number, db: number, x: number, dy: number, rows: number, inputs: number, outputs: number): void;
  /** Σ g². */
  squares(g: number, n: number): number;
  /** w −= rate (scale g + l2 w). */
  sgd(w: number, g: number, n: number, scale: number, rate: number, l2: number): void;
  /** Adam (Kingma and Ba 2015) with β₁ = 0.9, β₂ = 0.999; `rate` and `epsilon` have the bias corrections in them. Tiny moments become 0. */
  adam(w: number, g: number, m: number, v: number, n: number, scale: number, rate: number, epsilon: number, l2: number): void;
}

export type KernelKind = 'simd' | 'scalar';

/** @param floats size of the memory */
export function createKernels(floats: number, kind: KernelKind = 'simd'): Kernels {
  return kind === 'simd' ? simdKernels(floats) : scalarKernels(new Float32Array(floats));
}

const PAGE = 65_536;

interface Exports {
  forward(y: number, x: number, w: number, b: number, rows: number, inputs: number, outputs: number, relu: boolean): void;
  backward(dx: number, dy: number, w: number, x: number, rows: number, inputs: number, outputs: number): void;
  gradient(dw: number, db: number, x: number, dy: number, rows: number, inputs: number, outputs: number): void;
  squares(g: number, n: number): number;
  sgd(w: number, g: number, n: number, scale: number, rate: number, l2: number): void;
  adam(w: number, g: number, m: number, v: number, n: number, scale: number, rate: number, epsilon: number, l2: number): void;
}

/** One module for all instances; compiled when first asked for. */
const compiled: { module?: WebAssembly.Module } = {};

function simdKernels(floats: number): Kernels {
  const pages = Math.max(1, Math.ceil((4 * floats) / PAGE));
  if (pages > PAGE) throw fail('CONFIG_INVALID', `a network of ${floats} numbers is too large`);
  compiled.module ??= new WebAssembly.Module(Buffer.from(KERNELS_WASM, 'base64'));
  const block = new WebAssembly.Memory({ initial: pages });
  const kernels = new WebAssembly.Instance(compiled.module, { env: { memory: block } }).exports as Exports;
  return {
    memory: new Float32Array(block.buffer),
    forward: (y, x, w, b, rows, inputs, outputs, relu) => { kernels.forward(4 * y, 4 * x, 4 * w, 4 * b, rows, inputs, outputs, relu); },
    backward: (dx, dy, w, x, rows, inputs, outputs) => { kernels.backward(4 * dx, 4 * dy, 4 * w, 4 * x, rows, inputs, outputs); },
    gradient: (dw, db, x, dy, rows, inputs, outputs) => { kernels.gradient(4 * dw, 4 * db, 4 * x, 4 * dy, rows, inputs, outputs); },
    squares: (g, n) => kernels.squares(4 * g, n),
    sgd: (w, g, n, scale, rate, l2) => { kernels.sgd(4 * w, 4 * g, n, scale, rate, l2); },
    adam: (w, g, m, v, n, scale, rate, epsilon, l2) => { kernels.adam(4 * w, 4 * g, 4 * m, 4 * v, n, scale, rate, epsilon, l2); },
  };
}
