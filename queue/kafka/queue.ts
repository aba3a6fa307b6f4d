import type { Queue } from '../port.ts';
import type { KafkaQueueOptions } from './options.ts';

/** Opens a queue on Kafka brokers. QUEUE_UNAVAILABLE when none of them answers in time. */
export function openKafkaQueue(options: KafkaQueueOptions): Promise<Queue> {
  throw new Error(`in the making: ${options.brokers.join()}`);
}
