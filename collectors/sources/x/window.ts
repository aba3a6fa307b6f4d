/** The windows of X's caps, a quarter of an hour, and a little more: requests are counted when they arrive, not when they are sent. */
export const WINDOW_MS = 905_000;
