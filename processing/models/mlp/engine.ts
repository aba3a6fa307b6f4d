/**
 * What takes the learning steps of an Mlp. Weights and moments stand in the network's memory; an engine that keeps them elsewhere brings the
 * weights back after every step, since rows are predicted from there, and the moments when they are asked for.
 */
export interface Engine {
  /**
   * One step from `length` rows of standardised features, row-major at the network's padded width.
   * @param step counts from 0
   */
  learn(z: Float32Array, labels: Uint8Array, length: number, step: number): void;
  /** Brings the optimizer's moments into the network, before a snapshot. */
  pull(): void;
  /** Takes weights and moments from the network, after they were put back. */
  push(): void;
  /** Tensors it holds. */
  readonly tensors: number;
  /** Gives them back; the model can learn no more. */
  close(): void;
}

/** What an engine must know of the model whose steps it takes. */
export interface EngineSettings {
  readonly classes: number;
  readonly optimizer: 'adam' | 'sgd';
  readonly learningRate: number;
  readonly l2: number;
}
