import { openEmbeddedQueue } from '#queue/embedded';

import { operations } from './support/operations.ts';
import { scratchDirectory } from './support/recording.ts';

operations('the embedded queue', async () => {
  const scratch = scratchDirectory();
  const queue = await openEmbeddedQueue({ directory: scratch.path });
  return {
    queue,
    prefix: '',
    close: async () => {
      await queue.close();
      scratch.remove();
    },
  };
});
