/**
 * Adds to package-lock.json the optional packages of other platforms that a registry mirror did not serve when the lock was
 * written: `npm ci` refuses a lock without them, on every platform. They get a version but no hash. Run after `npm install`.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { stdout } from 'node:process';

const file = 'package-lock.json';
const lock = JSON.parse(readFileSync(file, 'utf8'));
const OS = ['darwin', 'win32', 'linux', 'freebsd', 'android', 'openharmony'];
const CPU = ['arm64', 'aarch64', 'x64', 'ia32', 'ppc64', 's390x', 'riscv64', 'loong64', 'armv7', 'arm'];

function entryOf(name, version, parent) {
  const parts = name.split(/[-/]/);
  const os = OS.find((candidate) => parts.includes(candidate));
  const cpu = CPU.find((candidate) => parts.includes(candidate));
  if (!os || !cpu) return null;
  const libc = parts.some((part) => part.startsWith('musl')) ? 'musl' : parts.some((part) => part.startsWith('gnu')) ? 'glibc' : null;
  return {
    version,
    cpu: [{ aarch64: 'arm64', armv7: 'arm' }[cpu] ?? cpu],
    ...(parent.dev && { dev: true }),
    ...(os === 'linux' && libc && { libc: [libc] }),
    optional: true,
    os: [os],
  };
}

let added = 0;
for (const parent of Object.values(lock.packages)) {
  for (const [name, version] of Object.entries(parent.optionalDependencies ?? {})) {
    const path = `node_modules/${name}`;
    if (lock.packages[path]) continue;
    const entry = entryOf(name, version, parent);
    if (!entry) continue;
    lock.packages[path] = entry;
    added += 1;
  }
}
lock.packages = Object.fromEntries(Object.entries(lock.packages).sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0)));
writeFileSync(file, `${JSON.stringify(lock, null, 2)}\n`);
stdout.write(`${added} packages of other platforms added\n`);
