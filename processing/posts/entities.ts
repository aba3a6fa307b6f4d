const CHARACTERS: Readonly<Record<string, string>> = {
  '&amp;': '&',
  '&lt;': '<',
  '&gt;': '>',
  '&quot;': '"',
  '&apos;': "'",
  '&#39;': "'",
  '&#x27;': "'",
  '&nbsp;': ' ',
};

const ENTITY = /&(?:amp|lt|gt|quot|apos|#39|#x27|nbsp);/g;

/** The character references that services leave in posts (`AT&amp;T`, `&lt;3`), read once. */
export function plainText(text: string): string {
  return text.includes('&') ? text.replace(ENTITY, (entity) => CHARACTERS[entity]!) : text;
}
