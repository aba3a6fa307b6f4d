// Compiles kernels.ts and writes the bytes into ../kernels.wasm.ts: `npm run generate:kernels`.
import { readFileSync, writeFileSync } from 'node:fs';
import asc from 'assemblyscript/asc';

const source = new URL('kernels.ts', import.meta.url);
const target = new URL('../kernels.wasm.ts', import.meta.url);

/** The generated file's text. */
export async function kernelsModule() {
  const files = new Map([['kernels.ts', readFileSync(source, 'utf8')]]);
  let binary;
  const { error, stderr } = await asc.main(
    ['kernels.ts', '-o', 'kernels.wasm', '-O3', '--runtime', 'stub', '--enable', 'simd', '--importMemory', '--initialMemory', '1', '--noAssert'],
    {
      readFile: (name) => files.get(name) ?? null,
      writeFile: (name, content) => {
        if (name.endsWith('.wasm')) binary = content;
      },
      listFiles: () => [],
    },
  );
  if (error) throw new Error(`${error.message}\n${stderr.toString()}`);
  const lines = Buffer.from(binary).toString('base64').match(/.{1,120}/g);
  return `/** Generated from assembly/kernels.ts by \`npm run generate:kernels\`: WebAssembly, base64. */
export const KERNELS_WASM = [
${lines.map((line) => `  '${line}',`).join('\n')}
].join('');
`;
}

if (process.argv[1] === new URL(import.meta.url).pathname) writeFileSync(target, await kernelsModule());
