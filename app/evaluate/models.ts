/** Models as they are written on the command line: `logistic(adam,rate=0.01)`. */
import { MODEL_KINDS, OPTIMIZERS, REGRESSOR_KINDS, type ModelSpec, type OptimizerKind, type RegressorSpec } from '#models';
import { fail } from '#proto';

export type Task = 'classification' | 'regression';

export type Spec = (Omit<ModelSpec, 'kind'> | Omit<RegressorSpec, 'kind'>) & { readonly name: string; readonly kind: string; readonly batch: number };

const KINDS: Readonly<Record<Task, readonly string[]>> = { classification: MODEL_KINDS, regression: REGRESSOR_KINDS };
export const BASELINE_KINDS: Readonly<Record<Task, readonly string[]>> = { classification: ['prior', 'persistence'], regression: ['mean', 'last'] };

/** Keys of a model, and the options they stand for. */
const NUMBERS: Readonly<Record<string, string>> = { rate: 'learningRate', l2: 'l2', l1: 'l1', decay: 'decaySteps', intercept_rate: 'interceptRate', clip: 'maxDeviations', batch: 'batch' };

/**
 * What holds unless a model says otherwise: one row a step, a rate of 0.01 for weights and intercept alike, no L2, no cutting off. These are the
 * defaults of River, so that its figures can be had to all digits.
 */
const DEFAULTS = { batch: 1, learningRate: 0.01, interceptRate: 0.01, l2: 0, maxDeviations: Number.POSITIVE_INFINITY };

/** @throws CONFIG_INVALID with what is wrong and what there is */
export function parseModel(text: string, task: Task): Spec {
  const match = /^([a-z]+)(?:\((.*)\))?$/.exec(text.trim());
  const refuse = (why: string): never => {
    throw fail('CONFIG_INVALID', `model '${text}': ${why}`);
  };
  if (!match) return refuse('write kind, or kind(optimizer,rate=0.01)');
  const [, kind, inside = ''] = match;
  if (!KINDS[task].includes(kind!)) refuse(`no ${task} model is of kind ${kind!}; there are ${KINDS[task].join(', ')}`);
  const options: Record<string, number | string> = {};
  for (const part of inside.split(',').map((each) => each.trim()).filter((each) => each !== '')) {
    const [key, value, ...rest] = part.split('=');
    if (value === undefined && OPTIMIZERS.includes(key as OptimizerKind)) options['optimizer'] = key!;
    else {
      const name = NUMBERS[key!];
      const number = Number(value);
      if (name === undefined || value === undefined || rest.length > 0) refuse(`'${part}' is no optimizer (${OPTIMIZERS.join(', ')}) and no setting (${Object.keys(NUMBERS).join(', ')})`);
      if (value!.trim() === '' || !Number.isFinite(number) || number < 0 || (key === 'batch' && !(Number.isInteger(number) && number > 0))) refuse(`${key!} cannot be ${value!}`);
      options[name!] = number;
    }
  }
  return { name: text.trim(), kind: kind!, ...DEFAULTS, ...options };
}

/** Splits a list at its commas, but for those within brackets. */
export function splitModels(list: string): string[] {
  return list.split(/,(?![^(]*\))/).map((each) => each.trim()).filter((each) => each !== '');
}
