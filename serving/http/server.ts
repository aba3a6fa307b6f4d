/** The HTTP adapter: routes over the services, coded errors, security headers. */
import Fastify, { type FastifyInstance, type FastifyReply } from 'fastify';
import type { Socket } from 'node:net';

import { fail, type ForetickError } from '#proto';

import { acceptOnlyJson } from './body.ts';
import type { HttpContext } from './context.ts';
import { deadLetterRoutes } from './dead-letter-routes.ts';
import { subscriptionRoutes } from './subscription-routes.ts';
import { errorBody, httpStatus, toForetickError } from './errors.ts';
import { healthRoutes } from './health-routes.ts';
import { infoRoutes } from './info-routes.ts';
import { inspectRoutes } from './inspect-routes.ts';
import { predictRoutes } from './predict-routes.ts';
import { predictionRoutes } from './prediction-routes.ts';
import { secure } from './security.ts';
import { serveStatic } from './static.ts';
import { tailRoutes } from './tail-routes.ts';

export interface HttpServerOptions {
  readonly host: string;
  readonly maxBodyBytes: number;
  readonly allowedHosts: readonly string[];
  readonly webRoot: string;
}

const REQUEST_TIMEOUT_MS = 30_000;

/** Ready to `listen`. */
export async function createHttpServer(context: HttpContext, options: HttpServerOptions): Promise<FastifyInstance> {
  const app = Fastify({
    bodyLimit: options.maxBodyBytes,
    requestTimeout: REQUEST_TIMEOUT_MS,
    forceCloseConnections: 'idle',
    return503OnClosing: false,
    routerOptions: { maxParamLength: 256 },
    frameworkErrors: (error, _request, reply) => {
      const coded = toForetickError(error);
      sendError(reply, coded);
    },
    clientErrorHandler: refuseMalformed,
  });
  secure(app, options);
  acceptOnlyJson(app);
  app.setErrorHandler((error, request, reply) => {
    const coded = toForetickError(error);
    if (coded.code === 'INTERNAL') context.onError(coded, `${request.method} ${request.routeOptions.url ?? ''}`);
    context.metrics.request('http', request.routeOptions.url ?? 'unknown', coded.code);
    sendError(reply, coded);
  });
  app.setNotFoundHandler((request) => {
    throw fail('UNKNOWN_ROUTE', `${request.method} ${request.url.slice(0, 200)} is not served here`);
  });
  app.addHook('onResponse', (request, reply, done) => {
    if (reply.statusCode < 400) context.metrics.request('http', request.routeOptions.url ?? 'unknown', 'OK');
    done();
  });
  predictRoutes(app, context);
  predictionRoutes(app, context);
  infoRoutes(app, context);
  inspectRoutes(app, context);
  deadLetterRoutes(app, context);
  subscriptionRoutes(app, context);
  tailRoutes(app, context);
  healthRoutes(app, context);
  await serveStatic(app, options.webRoot);
  return app;
}

function sendError(reply: FastifyReply, error: ForetickError): void {
  void reply.code(httpStatus(error)).type('application/json; charset=utf-8').send(errorBody(error));
}

/** Bytes that are no HTTP request at all. */
function refuseMalformed(error: Error, socket: Socket): void {
  if (!socket.writable) {
    socket.destroy();
    return;
  }
  const coded = fail('INVALID_REQUEST', 'not a well-formed HTTP request', { cause: error });
  const body = JSON.stringify(errorBody(coded));
  socket.end(
    `HTTP/1.1 400 Bad Request\r\nContent-Type: application/json; charset=utf-8\r\nContent-Length: ${Buffer.byteLength(body)}\r\nConnection: close\r\n\r\n${body}`,
  );
}
