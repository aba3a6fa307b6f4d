/** The workers of the latency benchmark, in a process of their own: say `ready`, stop when told to. */
import { startWorkers, type LatencyWork } from './latency.ts';
import type { Delivery } from '#queue/kafka';

const stop = await startWorkers(JSON.parse(process.argv[2] ?? '') as LatencyWork, process.argv[3] as Delivery);
process.on('message', () => {
  void stop().then(() => { process.disconnect(); });
});
process.send!('ready');
