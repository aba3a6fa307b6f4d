export { openKafkaQueue } from './queue.ts';
export { COMPRESSIONS, DELIVERIES, SASL_MECHANISMS, type Compression, type Delivery, type KafkaEvents, type KafkaQueueOptions, type SaslOptions } from './options.ts';
