/**
 * The dense kernels in plain JavaScript, and what the SIMD ones are held to: the same operations in the same order, each rounded to float32, so
 * that results are equal bit for bit.
 */
import type { Kernels } from './kernels.ts';

const { fround, sqrt, abs } = Math;
const LANES = 4;

export function scalarKernels(memory: Float32Array): Kernels {
  const m = memory;
  return {
    memory,
    forward(y, x, w, b, rows, inputs, outputs, relu) {
      for (let r = 0; r < rows; r++) {
        for (let o = 0; o < outputs; o++) {
          let sum = m[b + o]!;
          for (let i = 0; i < inputs; i++) sum = fround(sum + fround(m[x + r * inputs + i]! * m[w + i * outputs + o]!));
          m[y + r * outputs + o] = relu && !(sum > 0) ? 0 : sum;
        }
      }
    },
    backward(dx, dy, w, x, rows, inputs, outputs) {
      const lanes = new Float32Array(LANES);
      for (let r = 0; r < rows; r++) {
        for (let i = 0; i < inputs; i++) {
          lanes.fill(0);
          for (let o = 0; o < outputs; o++) {
            lanes[o % LANES] = lanes[o % LANES]! + fround(m[dy + r * outputs + o]! * m[w + i * outputs + o]!);
          }
          const sum = fround(fround(lanes[0]! + lanes[1]!) + fround(lanes[2]! + lanes[3]!));
          m[dx + r * inputs + i] = m[x + r * inputs + i]! > 0 ? sum : 0;
        }
      }
    },
    gradient(dw, db, x, dy, rows, inputs, outputs) {
      for (let i = 0; i < inputs; i++) {
        for (let o = 0; o < outputs; o++) {
          let sum = m[dw + i * outputs + o]!;
          for (let r = 0; r < rows; r++) sum = fround(sum + fround(m[x + r * inputs + i]! * m[dy + r * outputs + o]!));
          m[dw + i * outputs + o] = sum;
        }
      }
      for (let o = 0; o < outputs; o++) {
        let sum = m[db + o]!;
        for (let r = 0; r < rows; r++) sum = fround(sum + m[dy + r * outputs + o]!);
        m[db + o] = sum;
      }
    },
    squares(g, n) {
      const lanes = new Float32Array(LANES);
      for (let k = 0; k < n; k++) lanes[k % LANES] = lanes[k % LANES]! + fround(m[g + k]! * m[g + k]!);
      return fround(fround(lanes[0]! + lanes[1]!) + fround(lanes[2]! + lanes[3]!));
    },
    sgd(w, g, n, scale, rate, l2) {
      const [s, step, decay] = [fround(scale), fround(rate), fround(l2)];
      for (let k = 0; k < n; k++) {
        const old = m[w + k]!;
        const slope = fround(fround(m[g + k]! * s) + fround(decay * old));
        m[w + k] = old - fround(step * slope);
      }
    },
    adam(w, g, mean, square, n, scale, rate, epsilon, l2) {
      const [s, step, small, decay] = [fround(scale), fround(rate), fround(epsilon), fround(l2)];
      const [b1, c1, b2, c2] = [fround(0.9), fround(0.1), fround(0.999), fround(0.001)];
      const [tinyMean, tinySquare] = [fround(1e-20), fround(1e-30)];
      for (let k = 0; k < n; k++) {
        const old = m[w + k]!;
        const slope = fround(fround(m[g + k]! * s) + fround(decay * old));
        let first = fround(fround(b1 * m[mean + k]!) + fround(c1 * slope));
        let second = fround(fround(b2 * m[square + k]!) + fround(c2 * fround(slope * slope)));
        if (!(abs(first) >= tinyMean)) first = 0;
        if (!(second >= tinySquare)) second = 0;
        m[mean + k] = first;
        m[square + k] = second;
        m[w + k] = old - fround(fround(step * first) / fround(fround(sqrt(second)) + small));
      }
    },
  };
}
