/**
 * Learning steps of an Mlp on TensorFlow.js: the same formulas in the same float32, with sums in an order of the backend's. Everything of a step
 * is within one `tidy`; nothing but the weights is read back.
 */
import type { Scalar, Tensor, Tensor1D, Tensor2D, Variable } from '@tensorflow/tfjs-core';

import type { Engine, EngineSettings } from '../mlp/engine.ts';
import { BETA1, BETA2, EPSILON, MAX_NORM } from '../mlp/mlp.ts';
import type { Network } from '../mlp/network.ts';
import type { TensorFlow } from './backend.ts';

interface Parameter {
  readonly value: Variable;
  readonly first: Variable | null;
  readonly second: Variable | null;
  /** Where it stands in the network's arrays. */
  readonly from: number;
  readonly to: number;
  /** 0 for biases. */
  readonly l2: number;
}

export function tensorEngine(tf: TensorFlow, network: Network, { classes, optimizer, learningRate, l2 }: EngineSettings): Engine {
  const { layers } = network;
  let counter = 0;
  const variable = (from: Float32Array, shape: [number, number] | [number]): Variable =>
    tf.tidy(() => tf.variable(tf.tensor(from.slice(), shape), true, `foretick-${names.next()}-${counter++}`));
  const parameter = (from: number, shape: [number, number] | [number], decay: number): Parameter => {
    const to = from + shape.reduce((product, size) => product * size, 1);
    const moment = (of: Float32Array): Variable | null => (optimizer === 'adam' ? variable(of.subarray(from, to), shape) : null);
    return { value: variable(network.params.subarray(from, to), shape), first: moment(network.firstMoments), second: moment(network.secondMoments), from, to, l2: decay };
  };
  // Padding is 0, and stays so: its slopes are 0.
  const parameters = layers.flatMap(({ paddedInputs, paddedOutputs, weights, biases }) => [
    parameter(weights, [paddedInputs, paddedOutputs], l2),
    parameter(biases, [paddedOutputs], 0),
  ]);
  const values = parameters.map(({ value }) => value);
  const all = parameters.flatMap(({ value, first, second }) => [value, ...(first && second ? [first, second] : [])]);

  const weightsOf = (k: number): Tensor2D => values[2 * k] as unknown as Tensor2D;

  /** Slopes of the mean log loss by each parameter: back-propagation written out, which asks for fewer kernels than taking it from a tape. */
  function slopesOf(z: Float32Array, labels: Uint8Array, length: number): Tensor[] {
    const inputs = [tf.tensor2d(z, [length, layers[0]!.paddedInputs])];
    layers.forEach((_, k) => {
      const sum: Tensor2D = tf.add(tf.matMul(inputs[k]!, weightsOf(k)), values[2 * k + 1] as unknown as Tensor1D);
      inputs.push(k + 1 < layers.length ? tf.relu(sum) : sum);
    });
    const truth = tf.oneHot(tf.tensor1d(Int32Array.from(labels.subarray(0, length)), 'int32'), classes);
    const said = tf.softmax(tf.slice(inputs.at(-1)!, [0, 0], [length, classes]));
    const error: Tensor2D = tf.div(tf.sub(said, truth), length);
    let delta: Tensor2D = tf.pad(error, [[0, 0], [0, layers.at(-1)!.paddedOutputs - classes]]);
    const slopes: Tensor[] = [];
    for (let k = layers.length - 1; k >= 0; k--) {
      slopes.unshift(tf.matMul(inputs[k]!, delta, true), tf.sum(delta, 0));
      if (k > 0) delta = tf.mul(tf.matMul(delta, weightsOf(k), false, true), tf.step(inputs[k]!));
    }
    return slopes;
  }

  function update({ value, first, second, l2: decay }: Parameter, gradient: Tensor, scale: Scalar, step: number): void {
    const slope = decay > 0 ? tf.add(tf.mul(gradient, scale), tf.mul(value, decay)) : tf.mul(gradient, scale);
    if (!first || !second) {
      value.assign(tf.sub(value, tf.mul(slope, learningRate)));
      return;
    }
    const correction = Math.sqrt(1 - BETA2 ** (step + 1));
    const mean: Tensor = tf.add(tf.mul(first, BETA1), tf.mul(slope, 1 - BETA1));
    const square: Tensor = tf.add(tf.mul(second, BETA2), tf.mul(tf.square(slope), 1 - BETA2));
    // As the kernels do: moments too small to count are 0, not ever slower denormal numbers.
    first.assign(tf.mul(mean, tf.cast(tf.greaterEqual(tf.abs(mean), 1e-20), 'float32')));
    second.assign(tf.mul(square, tf.cast(tf.greaterEqual(square, 1e-30), 'float32')));
    const rate = (learningRate * correction) / (1 - BETA1 ** (step + 1));
    value.assign(tf.sub(value, tf.div(tf.mul(first, rate), tf.add(tf.sqrt(second), EPSILON * correction))));
  }

  const read = (into: Float32Array, pick: (parameter: Parameter) => Variable | null): void => {
    for (const each of parameters) {
      const from = pick(each);
      if (from) into.set(from.dataSync<'float32'>(), each.from);
    }
  };
  const write = (from: Float32Array, pick: (parameter: Parameter) => Variable | null): void => {
    tf.tidy(() => {
      for (const each of parameters) {
        const into = pick(each);
        into?.assign(tf.tensor(from.slice(each.from, each.to), into.shape));
      }
    });
  };

  return {
    learn(z, labels, length, step) {
      tf.tidy(() => {
        const slopes = slopesOf(z, labels, length);
        const norm = tf.sqrt(tf.addN(slopes.map((slope) => tf.sum(tf.square(slope)))));
        const scale: Scalar = tf.minimum(1, tf.div(MAX_NORM, tf.maximum(norm, 1e-30)));
        parameters.forEach((each, k) => { update(each, slopes[k]!, scale, step); });
      });
      read(network.params, ({ value }) => value);
    },
    pull() {
      read(network.firstMoments, ({ first }) => first);
      read(network.secondMoments, ({ second }) => second);
    },
    push() {
      write(network.params, ({ value }) => value);
      write(network.firstMoments, ({ first }) => first);
      write(network.secondMoments, ({ second }) => second);
    },
    get tensors() {
      return tf.memory().numTensors;
    },
    close() {
      for (const each of all) each.dispose();
    },
  };
}

/** TensorFlow.js wants names of variables to be unique in a process. */
const names = (() => {
  let next = 0;
  return { next: (): number => next++ };
})();
