/** Turns of the event loop in which nothing new came: the queue's writer takes one, its answers another, a start of a task a few. */
const QUIET_TURNS = 8;
/** What takes longer in real time hangs; nothing that is right takes more than a few milliseconds. */
const LONGEST_MS = 30_000;

/**
 * Resolves when as many wait as before for some turns of the event loop, and nothing real is under way. Rejects when that never comes.
 * @param waiting how many wait
 * @param busy whether something goes on that ends by itself: a pause before a retry, a task that is taken from its owner
 */
export async function settled(waiting: () => number, busy: () => boolean): Promise<void> {
  const started = performance.now();
  for (let quiet = 0; quiet < QUIET_TURNS; ) {
    const before = waiting();
    await new Promise((resolve) => setImmediate(resolve));
    quiet = waiting() === before ? quiet + 1 : 0;
    if (!busy()) continue;
    quiet = 0;
    if (performance.now() - started > LONGEST_MS) throw new Error('a retry or a take-over never came');
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
}
