import { afterAll } from '@jest/globals';
import { openEmbeddedQueue } from '#queue/embedded';
import { queueContract } from '../testing/contract.ts';
import { temporaryDirectory } from '../testing/temporary.ts';

const root = temporaryDirectory();
afterAll(root.remove);
let opened = 0;
queueContract('the embedded driver', () => openEmbeddedQueue({ directory: `${root.path}/${opened++}`, takeoverWaitMs: 300, cleanUpIntervalMs: 50 }));
