/** What a code unit is to the scanner. Those up to FOREIGN are part of a word. */
export const Class = { PLAIN: 0, HIDDEN: 1, FOREIGN: 2, SPACE: 3, BREAK: 4, SURROGATE: 5 } as const;

const HIDDEN = /[\p{Cf}\p{M}]/u;
export const LETTER = /[\p{L}\p{N}]/u;
const SPACE = /[\s\u200b]/;

/** `Class` of every code unit. */
export function classes(): Uint8Array {
  return Uint8Array.from({ length: 0x10000 }, (_, code) => {
    const char = String.fromCharCode(code);
    if (code < 128 && /[A-Za-z0-9]/.test(char)) return Class.PLAIN;
    if (SPACE.test(char)) return Class.SPACE;
    if (code >= 0xd800 && code < 0xdc00) return Class.SURROGATE;
    if (code < 128) return Class.BREAK;
    return HIDDEN.test(char) ? Class.HIDDEN : LETTER.test(char) ? Class.FOREIGN : Class.BREAK;
  });
}
