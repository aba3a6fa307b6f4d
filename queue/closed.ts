import { fail, type ForetickError } from '#proto';

export function closedError(): ForetickError {
  return fail('QUEUE_CLOSED', 'The queue is closed.');
}
