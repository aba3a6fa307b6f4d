/**
 * What is sent to a vendor, from templates. In texts `{instrument}` makes one message an instrument, `{each}` one element of
 * its list an instrument, `{key.NAME}` is a secret, and in answers `{/pointer}` is a value of the frame that is answered.
 */
import { fail } from '#proto';

import type { SourceEnvironment } from '../../kind.ts';
import type { Secret, SecretRef } from '../../secrets.ts';
import { pointer } from '../../values/fields.ts';
import type { Message } from './schema.ts';

/** The secrets of a source: read again at each connection. */
export interface Keys {
  load(): Promise<void>;
  /** Replaces `{key.NAME}`. @param encode how the secret is written where it stands */
  fill(text: string, encode?: (secret: string) => string): string;
}

const KEY = /\{key\.([^{}]*)\}/g;

export function createKeys(environment: Pick<SourceEnvironment, 'secret'>, refs: Readonly<Record<string, SecretRef>>): Keys {
  const held = new Map<string, Secret>();
  return {
    async load() {
      for (const [name, ref] of Object.entries(refs)) held.set(name, await environment.secret(ref));
    },
    fill: (text, encode = (secret) => secret) =>
      text.replaceAll(KEY, (_, name: string) => {
        const secret = held.get(name);
        if (!secret) throw fail('CONFIG_INVALID', `{key.${name}} is used, but keys has no ${name}`);
        return encode(secret.reveal());
      }),
  };
}

/** CONFIG_INVALID when a template names a key that is not there. */
export function checkKeys(refs: Readonly<Record<string, SecretRef>>, ...templates: readonly unknown[]): void {
  for (const [, name = ''] of JSON.stringify(templates).matchAll(KEY)) {
    if (!Object.hasOwn(refs, name)) throw fail('CONFIG_INVALID', `{key.${name}} is used, but keys has no ${name}`);
  }
}

/** The messages for these symbols. */
export function render(template: Message, symbols: readonly string[], keys: Keys): string[] {
  const write = (symbol: string): string => asText(fill(template, symbols, (text) => keys.fill(text.replaceAll('{instrument}', symbol))));
  if (symbols.length === 0) return [];
  return JSON.stringify(template).includes('{instrument}') ? symbols.map(write) : [write('')];
}

/** A message that is about no instrument: a log-in, a heartbeat, an answer to `frame`. */
export function renderOne(template: Message, keys: Keys, frame: unknown = null): string {
  return asText(fill(template, [], (text) => {
    // A value that stands alone keeps its type.
    const whole = /^\{(\/[^{}]*)\}$/.exec(text)?.[1];
    if (whole !== undefined) return pointer(whole)(frame) ?? null;
    return keys.fill(text.replaceAll(/\{(\/[^{}]*)\}/g, (_, path: string) => String(pointer(path)(frame))));
  }));
}

function asText(filled: unknown): string {
  return typeof filled === 'string' ? filled : JSON.stringify(filled);
}

function fill(node: unknown, symbols: readonly string[], write: (text: string) => unknown): unknown {
  if (typeof node === 'string') return write(node);
  if (Array.isArray(node)) {
    return node.flatMap((element) => (hasEach(element) ? symbols.map((symbol) => fill(withSymbol(element, symbol), [], write)) : [fill(element, symbols, write)]));
  }
  if (typeof node === 'object' && node !== null) return Object.fromEntries(Object.entries(node).map(([key, value]) => [key, fill(value, symbols, write)]));
  return node;
}

/** In a list within, it is that list which is repeated. */
function hasEach(node: unknown): boolean {
  if (typeof node === 'string') return node.includes('{each}');
  return typeof node === 'object' && node !== null && !Array.isArray(node) && Object.values(node).some(hasEach);
}

function withSymbol(node: unknown, symbol: string): unknown {
  if (typeof node === 'string') return node.replaceAll('{each}', symbol);
  if (typeof node !== 'object' || node === null || Array.isArray(node)) return node;
  return Object.fromEntries(Object.entries(node).map(([key, value]) => [key, withSymbol(value, symbol)]));
}

/** `{instrument}` and `{instruments}` (with commas between) and keys, as parts of an address. */
export function renderUrl(template: string, symbols: readonly string[], keys: Keys): string {
  const list = symbols.map(encodeURIComponent);
  return keys.fill(template.replaceAll('{instruments}', list.join(',')).replaceAll('{instrument}', list[0] ?? ''), encodeURIComponent);
}
