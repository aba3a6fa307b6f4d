/** Query strings: strict, and short in what they may hold. */
import { z } from 'zod';

import { PLACES, placeOf } from '../tail/place.ts';

const text = z.string().min(1).max(256);

/** `a,b` or a parameter given more than once. */
export const nameList = z
  .union([z.string(), z.array(z.string())])
  .optional()
  .transform((given) => (given === undefined ? [] : Array.isArray(given) ? given : [given]).flatMap((part) => part.split(',')))
  .pipe(z.array(text).max(1000));

export const optionalName = text.optional();

/** A whole number, 0 included. */
export const whole = z.string().regex(/^\d{1,15}$/, 'is not a whole number').transform(Number);

export const count = (standard: number, most: number): z.ZodType<number> =>
  z
    .string()
    .regex(/^\d{1,9}$/, 'is not a whole number')
    .transform(Number)
    .pipe(z.number().min(1).max(most))
    .default(standard);

export const flag = z.enum(['true', 'false', '']).default('false').transform((given) => given !== 'false');

/** See `placeOf`. */
export const place = z
  .string()
  .transform((given, issue) => {
    const found = placeOf(given);
    if (found !== null) return found;
    issue.addIssue(`is not ${PLACES}`);
    return z.NEVER;
  })
  .optional();
