/** Numbers and elements. Data enters the page as text only, never as markup. */

export function element(tag, className = '', text = '') {
  const node = document.createElement(tag);
  if (className !== '') node.className = className;
  if (text !== '') node.textContent = text;
  return node;
}

/** Writes only what changed, so that selections and screen readers are left alone. */
export function setText(node, text) {
  if (node.textContent !== text) node.textContent = text;
}

export const count = (value) => value.toLocaleString('en-US');

/** As many decimals as a price of this size is quoted in. */
export function price(value) {
  if (!(value > 0)) return '–';
  const decimals = value >= 100 ? 2 : value >= 1 ? 4 : 6;
  return value.toLocaleString('en-US', { minimumFractionDigits: decimals, maximumFractionDigits: decimals });
}

export const percent = (value) => `${(value * 100).toFixed(value > 0.995 && value < 1 ? 1 : 0)}%`;

export function age(ms) {
  if (ms < 10_000) return `${(ms / 1000).toFixed(1)} s ago`;
  if (ms < 100_000) return `${Math.round(ms / 1000)} s ago`;
  if (ms < 5_400_000) return `${Math.round(ms / 60_000)} min ago`;
  return ms < 172_800_000 ? `${Math.round(ms / 3_600_000)} h ago` : `${Math.round(ms / 86_400_000)} days ago`;
}

export function duration(us) {
  const seconds = us / 1e6;
  if (seconds < 1) return `${Math.round(seconds * 1000)} ms`;
  if (seconds < 120) return `${Math.round(seconds * 10) / 10} s`;
  return seconds < 7200 ? `${Math.round(seconds / 60)} min` : seconds < 172_800 ? `${Math.round(seconds / 3600)} h` : `${Math.round(seconds / 86_400)} days`;
}

export const signed = (value, decimals) => `${value > 0 ? '+' : value < 0 ? '−' : ''}${Math.abs(value).toFixed(decimals)}`;

/** `binance:BTC-USDT` → its two parts. */
export function instrumentParts(id) {
  const colon = id.indexOf(':');
  return colon === -1 ? ['', id] : [id.slice(0, colon), id.slice(colon + 1)];
}

const WITHHELD = { NOT_WARM: 'Warming up', STALE_FEATURES: 'No fresh prices', OUT_OF_DISTRIBUTION: 'Unlike anything seen' };
export const withheld = (code) => WITHHELD[code] ?? code;

export function topIndex(values) {
  return values.indexOf(Math.max(...values));
}
