/** Where the parts of a network lie in the kernels' memory, and the passes through it. */
import type { Kernels } from './kernels.ts';
import { createKernels, type KernelKind } from './kernels.ts';

export interface Layer {
  /** As they are, and padded to multiples of 4. */
  readonly inputs: number;
  readonly outputs: number;
  readonly paddedInputs: number;
  readonly paddedOutputs: number;
  /** Of the weights, `paddedInputs × paddedOutputs`, and then the biases, `paddedOutputs`, from the start of the parameters. */
  readonly weights: number;
  readonly biases: number;
}

/** Rows worked through at once: bounds memory. Gradients add up over chunks in the order of rows, so it changes no bit. */
const CHUNK = 128;

const padded = (width: number): number => Math.ceil(width / 4) * 4;

export class Network {
  readonly layers: readonly Layer[];
  /** Floats of all weights and biases, padding included; the padding is 0 and stays so. */
  readonly size: number;
  readonly kernels: Kernels;
  readonly #params: number;
  readonly #gradient: number;
  readonly #first: number;
  readonly #second: number;
  /** Values of each layer for a chunk, the input's first; and the loss's slopes by them. */
  readonly #values: readonly number[];
  readonly #slopes: readonly number[];

  constructor(widths: readonly number[], kind: KernelKind) {
    const layers: Layer[] = [];
    let size = 0;
    for (let k = 0; k + 1 < widths.length; k++) {
      const [inputs, outputs] = [widths[k]!, widths[k + 1]!];
      const [paddedInputs, paddedOutputs] = [padded(inputs), padded(outputs)];
      layers.push({ inputs, outputs, paddedInputs, paddedOutputs, weights: size, biases: size + paddedInputs * paddedOutputs });
      size += (paddedInputs + 1) * paddedOutputs;
    }
    this.layers = layers;
    this.size = size;
    let at = 0;
    const take = (floats: number): number => {
      const start = at;
      at += floats;
      return start;
    };
    [this.#params, this.#gradient, this.#first, this.#second] = [take(size), take(size), take(size), take(size)];
    this.#values = widths.map((width) => take(CHUNK * padded(width)));
    this.#slopes = widths.map((width) => take(CHUNK * padded(width)));
    this.kernels = createKernels(at, kind);
  }

  /** Views: weights and biases, and the optimizer's two moments. */
  get params(): Float32Array {
    return this.#view(this.#params);
  }
  get firstMoments(): Float32Array {
    return this.#view(this.#first);
  }
  get secondMoments(): Float32Array {
    return this.#view(this.#second);
  }

  get chunk(): number {
    return CHUNK;
  }

  /** Writes row `r` of a chunk. */
  input(r: number, values: Float64Array): void {
    const { memory } = this.kernels;
    const at = this.#values[0]! + r * this.layers[0]!.paddedInputs;
    for (let j = 0; j < values.length; j++) memory[at + j] = values[j]!;
  }

  /** @returns where the outputs of row 0 begin in `kernels.memory`; rows follow at the padded width */
  forward(rows: number): number {
    const { layers, kernels } = this;
    const params = this.#params;
    for (let k = 0; k < layers.length; k++) {
      const { paddedInputs, paddedOutputs, weights, biases } = layers[k]!;
      kernels.forward(this.#values[k + 1]!, this.#values[k]!, params + weights, params + biases, rows, paddedInputs, paddedOutputs, k + 1 < layers.length);
    }
    return this.#values.at(-1)!;
  }

  /** Where the slopes of the loss by the outputs are to be written, laid out as the outputs are. */
  get outputSlopes(): number {
    return this.#slopes.at(-1)!;
  }

  zeroGradient(): void {
    this.kernels.memory.fill(0, this.#gradient, this.#gradient + this.size);
  }

  /** Adds the gradient of the rows whose forward pass was the last. */
  backward(rows: number): void {
    const { layers, kernels } = this;
    const gradient = this.#gradient;
    for (let k = layers.length - 1; k >= 0; k--) {
      const { paddedInputs, paddedOutputs, weights, biases } = layers[k]!;
      kernels.gradient(gradient + weights, gradient + biases, this.#values[k]!, this.#slopes[k + 1]!, rows, paddedInputs, paddedOutputs);
      if (k > 0) kernels.backward(this.#slopes[k]!, this.#slopes[k + 1]!, this.#params + weights, this.#values[k]!, rows, paddedInputs, paddedOutputs);
    }
  }

  /** Length of the gradient. */
  norm(): number {
    return Math.sqrt(this.kernels.squares(this.#gradient, this.size));
  }

  sgd(scale: number, rate: number, l2: number): void {
    this.#each((at, floats, decay) => { this.kernels.sgd(this.#params + at, this.#gradient + at, floats, scale, rate, decay); }, l2);
  }

  adam(scale: number, rate: number, epsilon: number, l2: number): void {
    this.#each((at, floats, decay) => {
      this.kernels.adam(this.#params + at, this.#gradient + at, this.#first + at, this.#second + at, floats, scale, rate, epsilon, decay);
    }, l2);
  }

  /** Biases are not shrunk. */
  #each(update: (at: number, floats: number, l2: number) => void, l2: number): void {
    for (const { weights, biases, paddedOutputs } of this.layers) {
      update(weights, biases - weights, l2);
      update(biases, paddedOutputs, 0);
    }
  }

  #view(at: number): Float32Array {
    return this.kernels.memory.subarray(at, at + this.size);
  }
}
