/** Reading JSON that others wrote: every look is checked, every error names its field. */
import { fail } from '#proto';

export type Json = Readonly<Record<string, unknown>>;

/** MALFORMED_RECORD when the text is no JSON. */
export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch (cause) {
    throw fail('MALFORMED_RECORD', 'not JSON', { cause });
  }
}

export function object(value: unknown, field: string): Json {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw fail('MALFORMED_RECORD', `${field} is not an object`);
  return value as Json;
}

export function array(value: unknown, field: string): readonly unknown[] {
  if (!Array.isArray(value)) throw fail('MALFORMED_RECORD', `${field} is not an array`);
  return value;
}

export function text(value: unknown, field: string): string {
  if (typeof value !== 'string') throw fail('MALFORMED_RECORD', `${field} is not a text`);
  return value;
}

/** The value behind a JSON pointer (RFC 6901), or undefined. */
export function pointer(path: string): (value: unknown) => unknown {
  if (path !== '' && !path.startsWith('/')) throw fail('CONFIG_INVALID', `${path} is no JSON pointer: it begins with /`);
  const steps = path.split('/').slice(1).map((step) => behind(step.replaceAll('~1', '/').replaceAll('~0', '~')));
  if (steps.length === 1) return steps[0]!;
  return (value) => {
    let at = value;
    for (const step of steps) at = step(at);
    return at;
  };
}

/** One step: a member of an object, or an element of a list. */
function behind(name: string): (value: unknown) => unknown {
  const index = /^(0|[1-9]\d*)$/.test(name) ? Number(name) : -1;
  return (value) => {
    if (typeof value !== 'object' || value === null) return undefined;
    if (Array.isArray(value)) return (value as unknown[])[index];
    return Object.hasOwn(value, name) ? (value as Json)[name] : undefined;
  };
}

/** A frame as text: vendors send texts as binary messages, too. */
export function frameText(frame: string | Uint8Array): string {
  return typeof frame === 'string' ? frame : Buffer.from(frame).toString('utf8');
}
