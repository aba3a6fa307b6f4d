/** Options that all live sources of posts share. */
import { z } from 'zod';

import { secretSchema } from '../secrets.ts';

export const postOptions = () => ({
  instruments: z
    .array(z.string().min(1).max(200))
    .default([])
    .describe('Ids of the instruments whose posts are collected: nasdaq:AAPL; left out: all that the table under posts.instruments names. Without a table a post is about those whose cashtag it has'),
  author_salt: secretSchema()
    .optional()
    .describe('Salt of the hashes that stand for authors; left out: a random one, made at the first start and kept with the position of the source'),
  text: z.enum(['kept', 'dropped']).default('kept').describe('Whether records have the text, which sentiment needs; dropped: it only finds the instruments'),
});
