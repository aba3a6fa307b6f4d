/** Why a port could not be listened on, told by the system's code. */
import { createServer } from 'node:net';

import { fail, type ForetickError } from '#proto';

export function listenError(error: unknown, what: string, host: string, port: number): ForetickError {
  const code = (error as NodeJS.ErrnoException).code;
  if (code === 'EADDRINUSE') return fail('PORT_TAKEN', `${what}: port ${port} of ${host} is taken`, { cause: error });
  return fail('CONFIG_INVALID', `${what}: cannot listen on ${host}:${port} (${code ?? 'unknown reason'})`, { cause: error });
}

/** Listens for a moment. Throws what `listenError` makes of a refusal: grpc-js tells it in words only. */
export async function probePort(what: string, host: string, port: number): Promise<void> {
  const probe = createServer();
  try {
    await new Promise<void>((resolve, reject) => {
      probe.once('error', reject);
      probe.listen({ host, port, exclusive: true }, resolve);
    });
  } catch (error) {
    throw listenError(error, what, host, port);
  }
  await new Promise((resolve) => probe.close(resolve));
}
