/** Names in the configuration. */
import { z } from 'zod';

export const name = (what: string) =>
  z.string().regex(/^[a-z0-9][a-z0-9._-]*$/, `${what} is made of lower-case letters, digits, dot, dash and underscore`);
