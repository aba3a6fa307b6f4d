/** What every driver of the queue promises. A driver's own test file calls this and nothing else. */
import { afterEach, beforeEach, describe } from '@jest/globals';
import type { Queue } from '../port.ts';
import { failurePromises } from './contract-failures.ts';
import { groupPromises } from './contract-groups.ts';
import { logPromises } from './contract-log.ts';
import { memberPromises } from './contract-members.ts';
import { readPromises } from './contract-read.ts';

/** The queue of the running test, empty but for what the test has made. */
export type QueueUnderTest = () => Queue;

export function queueContract(name: string, openQueue: () => Promise<Queue>): void {
  describe(`the queue port, by ${name}`, () => {
    let queue: Queue;
    beforeEach(async () => {
      queue = await openQueue();
    });
    afterEach(async () => {
      await queue.close();
    });
    const current: QueueUnderTest = () => queue;
    logPromises(current);
    readPromises(current);
    groupPromises(current);
    failurePromises(current);
    memberPromises(current);
  });
}
