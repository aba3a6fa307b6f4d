/** TensorFlow.js and its backends, loaded when a model asks for one: nobody else pays for them. */
import { createRequire } from 'node:module';
import { dirname, sep } from 'node:path';

import { fail } from '#proto';
import type * as tfjs from '@tensorflow/tfjs-core';

export const TENSOR_BACKENDS = ['wasm', 'js', 'native'] as const;
export type TensorBackendName = (typeof TENSOR_BACKENDS)[number];

export type TensorFlow = typeof tfjs;

/** Packages of the native backend, the first that is installed. */
const NATIVE = ['@tensorflow/tfjs-node-gpu', '@tensorflow/tfjs-node'];

/**
 * TensorFlow.js with this backend in use. One process has one backend: the last asked for.
 * @throws MODEL_BACKEND_UNAVAILABLE with what is missing
 */
export async function loadTensorFlow(name: TensorBackendName): Promise<TensorFlow> {
  try {
    if (name === 'native') return await native();
    const tf = await import('@tensorflow/tfjs-core');
    // Else it recommends another backend on the console.
    tf.enableProdMode();
    if (name === 'js') await import('@tensorflow/tfjs-backend-cpu');
    else {
      const { setWasmPaths } = await import('@tensorflow/tfjs-backend-wasm');
      setWasmPaths(dirname(createRequire(import.meta.url).resolve('@tensorflow/tfjs-backend-wasm')) + sep);
    }
    const backend = name === 'js' ? 'cpu' : 'wasm';
    if (!(await tf.setBackend(backend))) throw new Error(`backend ${backend} did not start`);
    await tf.ready();
    return tf;
  } catch (cause) {
    throw fail('MODEL_BACKEND_UNAVAILABLE', `TensorFlow.js backend ${name}: ${cause instanceof Error ? cause.message : String(cause)}`, { cause });
  }
}

async function native(): Promise<TensorFlow> {
  const reasons: string[] = [];
  for (const name of NATIVE) {
    try {
      const loaded = (await import(name)) as TensorFlow & { readonly default?: TensorFlow };
      const tf = loaded.default ?? loaded;
      await tf.setBackend('tensorflow');
      return tf;
    } catch (error) {
      reasons.push(`${name}: ${error instanceof Error ? error.message.split('\n')[0]! : String(error)}`);
    }
  }
  throw new Error(reasons.join('; '));
}
