/** Headers that keep the page to itself, and a check that keeps other pages away from a loopback server. */
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { isIPv4 } from 'node:net';

import { fail } from '#proto';

const HEADERS = {
  'content-security-policy':
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
  'x-content-type-options': 'nosniff',
  'x-frame-options': 'DENY',
  'referrer-policy': 'no-referrer',
  'cross-origin-resource-policy': 'same-origin',
  'cross-origin-opener-policy': 'same-origin',
} as const;

export function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || host === '[::1]' || (isIPv4(host) && host.startsWith('127.'));
}

/** Name in a Host header, without its port. */
function nameOf(host: string): string {
  return host.replace(/:\d+$/, '').toLowerCase();
}

/**
 * A page of another site can make a browser resolve its own name to 127.0.0.1 and so talk to this server
 * (DNS rebinding). Its requests carry its own name as Host: on loopback, and wherever allowed names are given (in a container
 * all interfaces are its own, and its port is published elsewhere), only those and local names are answered.
 */
export function secure(app: FastifyInstance, options: { readonly host: string; readonly allowedHosts: readonly string[] }): void {
  const guarded = isLoopback(options.host) || options.allowedHosts.length > 0;
  const allowed = new Set(options.allowedHosts.map((host) => host.toLowerCase()));
  app.addHook('onRequest', (request, reply, done) => {
    reply.headers(HEADERS);
    const name = nameOf(request.headers.host ?? '');
    if (guarded && !isLoopback(name) && !allowed.has(name)) {
      done(fail('INVALID_REQUEST', 'the Host header names a host that this server does not answer for'));
    } else {
      done();
    }
  });
}

/** Whether a request comes from this machine, and not through a proxy, of which everybody does. */
export function isLocal({ headers, socket }: FastifyRequest): boolean {
  const address = (socket.remoteAddress ?? '').replace(/^::ffff:/, '');
  return isLoopback(address) && headers['x-forwarded-for'] === undefined && headers['forwarded'] === undefined && headers['via'] === undefined;
}
