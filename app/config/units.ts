export { duration, size } from '#collectors';
