// Exit code 0 when the process that listens on the given port of this host is alive: `node deploy/healthcheck.mjs 8081`.
const [, , port = '8080', path = '/livez'] = process.argv;
try {
  const { ok } = await fetch(`http://127.0.0.1:${port}${path}`, { signal: AbortSignal.timeout(4_000) });
  process.exitCode = ok ? 0 : 1;
} catch (error) {
  process.stderr.write(`${path} on port ${port}: ${error.message}\n`);
  process.exitCode = 1;
}
