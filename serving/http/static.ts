/**
 * The page and the chart library: a fixed table of files, listed when the server starts. No path of a request
 * ever reaches the file system. (@fastify/static would do; it cannot be loaded by jest 30 on Node 20.)
 */
import { existsSync } from 'node:fs';
import { readFile, readdir } from 'node:fs/promises';
import { createHash } from 'node:crypto';
import { createRequire } from 'node:module';
import { dirname, extname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

import type { FastifyInstance } from 'fastify';

import { fail } from '#proto';

const CONTENT_TYPES: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.svg': 'image/svg+xml',
};
const CHART_FILES = ['uPlot.esm.js', 'uPlot.min.css'];

/** `serving/web` of this package, wherever the compiled file that asks lies. */
export function defaultWebRoot(): string {
  let folder = dirname(fileURLToPath(import.meta.url));
  while (!existsSync(join(folder, 'package.json'))) {
    const parent = dirname(folder);
    if (parent === folder) break;
    folder = parent;
  }
  return join(folder, 'serving', 'web');
}

/** FILE_UNREADABLE when the folder is not there. */
export async function serveStatic(app: FastifyInstance, webRoot: string): Promise<void> {
  const chart = dirname(createRequire(import.meta.url).resolve('uplot'));
  let names: string[];
  try {
    names = await readdir(webRoot);
  } catch (cause) {
    throw fail('FILE_UNREADABLE', `the page's folder ${webRoot} cannot be read`, { cause });
  }
  for (const name of names) {
    if (CONTENT_TYPES[extname(name)] === undefined) continue;
    serveFile(app, name === 'index.html' ? '/' : `/${name}`, join(webRoot, name));
  }
  for (const name of CHART_FILES) serveFile(app, `/vendor/uplot/${name}`, join(chart, name));
}

function serveFile(app: FastifyInstance, path: string, file: string): void {
  const contentType = CONTENT_TYPES[extname(file)]!;
  app.get(path, async (request, reply) => {
    const bytes = await readFile(file);
    const etag = `"${createHash('sha256').update(bytes).digest('base64url').slice(0, 22)}"`;
    void reply.headers({ 'cache-control': 'no-cache', etag });
    if (request.headers['if-none-match'] === etag) return reply.code(304).send();
    return reply.type(contentType).send(bytes);
  });
}
