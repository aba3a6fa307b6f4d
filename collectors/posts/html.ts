/** The text of a post that comes as HTML, as it is read: lines for breaks, a blank one between paragraphs. */

const CHARACTERS: Readonly<Record<string, string>> = { amp: '&', lt: '<', gt: '>', quot: '"', apos: '\'', nbsp: ' ' };

/** Mastodon lets lists, quotes and code through; other servers of its protocol headings and more. */
const BLOCKS: ReadonlySet<string> = new Set(['li', 'ul', 'ol', 'blockquote', 'pre', 'div', 'h1', 'h2', 'h3', 'h4', 'h5', 'h6', 'tr', 'td'].map((name) => `/${name}`));

/** Linear in its length, whatever it is. What opens and never closes is text. */
export function htmlText(html: string): string {
  let text = '';
  let at = 0;
  for (let open = html.indexOf('<'); open !== -1; open = html.indexOf('<', at)) {
    const close = html.indexOf('>', open);
    if (close === -1) break;
    text += html.slice(at, open);
    const tag = /^\/?[a-z]+[1-6]?/i.exec(html.slice(open + 1, open + 12))?.[0].toLowerCase();
    if (tag === 'br') text += '\n';
    else if (tag === '/p') text += '\n\n';
    else if (tag !== undefined && BLOCKS.has(tag)) text += '\n';
    at = close + 1;
  }
  return (text + html.slice(at)).replace(/&(#x[0-9a-f]{1,6}|#\d{1,7}|[a-z]{2,5});/gi, characterOf).trim();
}

function characterOf(reference: string, name: string): string {
  if (!name.startsWith('#')) return CHARACTERS[name] ?? reference;
  const code = /^#x/i.test(name) ? Number.parseInt(name.slice(2), 16) : Number(name.slice(1));
  return code > 0 && code <= 0x10ffff && !(code >= 0xd800 && code < 0xe000) ? String.fromCodePoint(code) : reference;
}
