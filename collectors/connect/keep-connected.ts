/**
 * Keeps one connection of a plan up until the source stops: tries again by the vendor's ladders, replaces it before it gets
 * too old, tells the time of each outage.
 */
import { fail } from '#proto';

import type { Live } from '../live/live.ts';
import { hasAborted } from '../clock.ts';
import { Connection, type ConnectionPlan } from './connection.ts';
import { BackOff } from './ladder.ts';

/** A connection that was good for so long has shown that the vendor is well. */
const STABLE_MS = 30_000;
/** For so long the old connection is read beside the new one: what was sent on it is on its way. */
const BESIDE_MS = 1000;

/** Returns when `live.signal` or `signal` aborts. Throws what no further try can mend. */
export async function keepConnected(live: Live, plan: ConnectionPlan, signal: AbortSignal): Promise<void> {
  const { clock, environment } = live;
  const backOff = new BackOff(plan.ladders ?? {}, environment.random);
  let attempt = 0;
  let wasGood = false;
  let outageFrom = 0;

  /** Opens one; true when it is good. Otherwise it has ended, and the wait is over. */
  async function tryOne(): Promise<Connection | null> {
    const connection = new Connection(live, plan);
    attempt++;
    const stop = (): void => void connection.close('stopping');
    signal.addEventListener('abort', stop);
    void connection.ended.then(() => {
      signal.removeEventListener('abort', stop);
    });
    if (hasAborted(signal)) stop();
    else void connection.start();
    if (await connection.ready) {
      live.observe({ type: 'connected', connection: plan.name, attempt });
      attempt = 0;
      wasGood = true;
      plan.recovered?.(outageFrom, live.receipt());
      return connection;
    }
    await afterEnd(connection);
    return null;
  }

  async function afterEnd(connection: Connection): Promise<void> {
    const { cause, code, message, retryAfterMs } = await connection.ended;
    if (connection.failure) throw connection.failure;
    if (cause === 'http-error' && !wasGood && (plan.refusals ?? [401, 403]).includes(code)) throw fail('SOURCE_REFUSED', `${plan.name}: the vendor ${message}`);
    if (cause === 'closed') return;
    if (connection.readyAt > 0) {
      outageFrom = connection.lostFromUs;
      plan.lost?.(outageFrom);
      // One that breaks as soon as it is good climbs its ladder, however often it is good.
      if (clock.now() - connection.readyAt >= STABLE_MS) backOff.reset();
    }
    const delayMs = Math.max(backOff.next(cause), retryAfterMs ?? 0);
    if (retryAfterMs !== null) plan.connects?.pause(retryAfterMs);
    live.observe({ type: 'disconnected', connection: plan.name, cause, message: environment.redact(message), delayMs });
    await clock.sleep(delayMs, signal);
  }

  let current = null as Connection | null;
  while (!signal.aborted) {
    current ??= await tryOne();
    if (!current) continue;
    await current.due;
    current = await replacement(current);
  }
  if (current !== null) await current.close('stopping');
  live.observe({ type: 'disconnected', connection: plan.name, cause: 'closed', message: 'stopping', delayMs: 0 });

  /** What comes after a connection that is due for replacement or has ended. */
  async function replacement(old: Connection): Promise<Connection | null> {
    if (signal.aborted) return null;
    if (old.hasEnded()) {
      await afterEnd(old);
      return null;
    }
    if (!plan.overlap) {
      await old.close('replaced');
      outageFrom = old.lostFromUs;
      plan.lost?.(outageFrom);
      live.observe({ type: 'disconnected', connection: plan.name, cause: 'planned', message: 'replaced', delayMs: 0 });
      return null;
    }
    // The old one is read until the new one is good: nothing is missed, and what comes twice is dropped as a repeat.
    outageFrom = live.receipt() - live.out.lag;
    const next = await tryOne();
    if (next) {
      await clock.sleep(BESIDE_MS, signal);
      await old.close('replaced');
      return next;
    }
    return old.hasEnded() ? null : old;
  }
}
