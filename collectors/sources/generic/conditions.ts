/** How frames are told apart: values behind JSON pointers. */
import { pointer } from '../../values/fields.ts';
import type { When } from './schema.ts';

/** A value of a record, or of the frame it stands in. */
export type Look = (record: unknown, frame: unknown) => unknown;

export function look(path: string): Look {
  if (!path.startsWith('^')) return pointer(path);
  const inFrame = pointer(path.slice(1));
  return (_, frame) => inFrame(frame);
}

export type Test = (record: unknown, frame: unknown) => boolean;

/** True when all hold: the value is the one given or one of those; `*` any that is there, null one that is not. */
export function test(when: When): Test {
  const parts = Object.entries(when).map(([path, wanted]): Test => {
    const values: readonly unknown[] = Array.isArray(wanted) ? wanted : [wanted];
    const any = values.includes('*');
    const at = look(path);
    return (record, frame) => {
      const value = at(record, frame) ?? null;
      return (any && value !== null) || values.includes(value);
    };
  });
  if (parts.length === 1) return parts[0]!;
  return (record, frame) => parts.every((holds) => holds(record, frame));
}
