import { pino, type Logger } from 'pino';

import type { Config } from '../config/schema.ts';

/** JSON lines on standard error; standard output belongs to results. */
export function createLogger(config: Config): Logger {
  return pino({ level: config.logging.level, base: { service: 'foretick' } }, pino.destination({ fd: 2, sync: true }));
}
