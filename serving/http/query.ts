/** Query strings: strict, and short in what they may hold. */
import { z } from 'zod';

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

/** `earliest`, `latest`, ISO 8601, or milliseconds since the epoch. */
export const place = z
  .string()
  .transform((given, issue) => {
    if (given === 'earliest' || given === 'latest') return given;
    const time = /^\d{1,16}$/.test(given) ? Number(given) : /^\d{4}-\d\d-\d\d/.test(given) ? Date.parse(given) : Number.NaN;
    if (Number.isFinite(time)) return { time };
    issue.addIssue('is none of earliest, latest, an ISO 8601 time, milliseconds');
    return z.NEVER;
  })
  .optional();
