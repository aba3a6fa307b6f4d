import { expect, test } from '@jest/globals';

import { fail } from '#proto';

import type { Queue } from './port.ts';
import { loadTable } from './table.ts';

test('a table that cannot be loaded says so to who waits for it, and ends no process in which nobody waits for its end', async () => {
  const unhandled: unknown[] = [];
  const note = (error: unknown): void => void unhandled.push(error);
  process.on('unhandledRejection', note);
  try {
    // eslint-disable-next-line require-yield, @typescript-eslint/require-await
    const read = async function* (): AsyncGenerator<never> { throw fail('QUEUE_UNAVAILABLE', 'no brokers'); };
    const { ready, ended } = loadTable({ read } as unknown as Queue, { topic: 't', signal: new AbortController().signal, onRecord: () => undefined });
    await expect(ready).rejects.toMatchObject({ code: 'QUEUE_UNAVAILABLE' });
    await new Promise((resolve) => setTimeout(resolve, 20));
    expect(unhandled).toEqual([]);
    await expect(ended).rejects.toMatchObject({ code: 'QUEUE_UNAVAILABLE' });
  } finally {
    process.off('unhandledRejection', note);
  }
});
