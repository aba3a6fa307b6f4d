/**
 * `node proto/descriptors.mjs [FOLDER]`: writes what server reflection tells, the descriptors of all .proto files, to FOLDER/descriptors.ts.
 * A part of `npm run generate`; a module and no file beside the code, so that it is found wherever the code runs.
 */
import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { join } from 'node:path';

const root = fileURLToPath(new URL('..', import.meta.url));
const folder = process.argv[2] ?? join(root, 'proto/gen');
const set = execFileSync(join(root, 'node_modules/.bin/buf'), ['build', 'proto', '--as-file-descriptor-set', '--exclude-source-info', '--output', '-#format=binpb'], { cwd: root });
const lines = set.toString('base64').match(/.{1,160}/g).map((line) => `  '${line}',`);
writeFileSync(join(folder, 'descriptors.ts'), `// A google.protobuf.FileDescriptorSet of all .proto files, in base64. Made by proto/descriptors.mjs.\nexport const DESCRIPTORS = [\n${lines.join('\n')}\n].join('');\n`);
