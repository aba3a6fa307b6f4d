import { mkdtempSync, mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, posix } from 'node:path';
import { fileURLToPath } from 'node:url';

import { expect, test } from '@jest/globals';
import ts from 'typescript';

const ROOT = fileURLToPath(new URL('..', import.meta.url));

/** The table of docs/architecture.md: a module, its folder, and what of ours it may import. */
const MODULES: Readonly<Record<string, { readonly folder: string; readonly may: readonly string[] }>> = {
  proto: { folder: 'proto', may: [] },
  queue: { folder: 'queue', may: ['#proto'] },
  collectors: { folder: 'collectors', may: ['#proto', '#queue'] },
  features: { folder: 'processing/features', may: ['#proto'] },
  models: { folder: 'processing/models', may: ['#proto'] },
  posts: { folder: 'processing/posts', may: ['#proto'] },
  processing: { folder: 'processing', may: ['#proto', '#queue', '#features', '#models'] },
  serving: { folder: 'serving', may: ['#proto', '#proto/grpc', '#queue', '#features', '#models'] },
  app: { folder: 'app', may: ['#proto', '#proto/grpc', '#queue', '#queue/embedded', '#queue/kafka', '#collectors', '#features', '#models', '#posts', '#processing', '#serving'] },
};
const ENTRY_POINTS = ['#proto/grpc', '#queue/embedded', '#queue/kafka', ...Object.keys(MODULES).map((name) => `#${name}`)];
const TEST_PACKAGES = ['@jest/globals', 'fast-check', 'playwright-core', 'typescript', 'ws'];
const GENERATED = ['proto/gen/'];
const MAX_LINES = 500;

/** The module a file belongs to: the one with the longest folder. */
function moduleOf(file: string): string | undefined {
  const owners = Object.entries(MODULES).filter(([, { folder }]) => file.startsWith(`${folder}/`));
  return owners.sort((a, b) => b[1].folder.length - a[1].folder.length)[0]?.[0];
}

const isTest = (file: string): boolean => file.endsWith('.test.ts') || file.includes('/testing/');

function sourceFiles(root: string): string[] {
  return [...new Set(Object.values(MODULES).map(({ folder }) => folder.split('/')[0]!))]
    .flatMap((folder) => readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' }).map((file) => `${folder}/${file.replaceAll('\\', '/')}`))
    .filter((file) => file.endsWith('.ts'));
}

interface Found {
  readonly imports: readonly string[];
  readonly exportsAll: boolean;
  /** Names of the process or console members that are used. */
  readonly globals: readonly string[];
}

function inspect(text: string): Found {
  const source = ts.createSourceFile('file.ts', text, ts.ScriptTarget.ES2022, true);
  const imports: string[] = [];
  const globals: string[] = [];
  let exportsAll = false;
  const visit = (node: ts.Node): void => {
    if ((ts.isImportDeclaration(node) || ts.isExportDeclaration(node)) && node.moduleSpecifier && ts.isStringLiteral(node.moduleSpecifier)) {
      imports.push(node.moduleSpecifier.text);
      if (ts.isExportDeclaration(node) && (!node.exportClause || ts.isNamespaceExport(node.exportClause))) exportsAll = true;
    }
    if (ts.isImportTypeNode(node) && ts.isLiteralTypeNode(node.argument) && ts.isStringLiteral(node.argument.literal)) imports.push(node.argument.literal.text);
    if (ts.isCallExpression(node) && node.expression.kind === ts.SyntaxKind.ImportKeyword && node.arguments[0] && ts.isStringLiteral(node.arguments[0])) {
      imports.push(node.arguments[0].text);
    }
    if (ts.isPropertyAccessExpression(node) || ts.isElementAccessExpression(node)) {
      const object = node.expression;
      const name = ts.isPropertyAccessExpression(node) ? node.name.text : ts.isStringLiteral(node.argumentExpression) ? node.argumentExpression.text : '';
      const onProcess = ts.isIdentifier(object) && object.text === 'process' && ['env', 'exit', 'on', 'once', 'exitCode'].includes(name);
      if (onProcess) globals.push(`process.${name}`);
      if (ts.isIdentifier(object) && object.text === 'console') globals.push('console');
    }
    ts.forEachChild(node, visit);
  };
  visit(source);
  return { imports, exportsAll, globals };
}

function problemsOfImport(file: string, module: string, specifier: string): string[] {
  if (specifier.startsWith('.')) {
    const target = posix.normalize(posix.join(posix.dirname(file), specifier));
    const owner = moduleOf(target);
    return owner === module ? [] : [`${file}: deep import ${specifier} into ${owner ?? 'a folder without module'}`];
  }
  if (specifier.startsWith('#')) {
    if (!ENTRY_POINTS.includes(specifier)) return [`${file}: ${specifier} is no entry point`];
    if (isTest(file) || MODULES[module]!.may.includes(specifier)) return [];
    return [`${file}: ${module} may not import ${specifier}`];
  }
  return !isTest(file) && TEST_PACKAGES.includes(specifier) ? [`${file}: ${specifier} is for tests`] : [];
}

function problemsOf(root: string): string[] {
  return sourceFiles(root).flatMap((file) => {
    const module = moduleOf(file);
    if (module === undefined) return [`${file}: belongs to no module`];
    if (GENERATED.some((folder) => file.startsWith(folder))) return [];
    const text = readFileSync(join(root, file), 'utf8');
    const { imports, exportsAll, globals } = inspect(text);
    const problems = imports.flatMap((specifier) => problemsOfImport(file, module, specifier));
    if (exportsAll) problems.push(`${file}: export *`);
    if (module !== 'app' && !isTest(file)) problems.push(...globals.map((name) => `${file}: ${name} outside app/`));
    const lines = text.split('\n').length;
    if (lines > MAX_LINES) problems.push(`${file}: ${lines} lines`);
    return problems;
  });
}

test('modules import only what the table of the design lets them', () => {
  expect(problemsOf(ROOT)).toEqual([]);
});

test('every module has an entry point of explicit names, and package.json names it', () => {
  const { imports } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as { imports: Record<string, string> };
  for (const [name, { folder }] of Object.entries(MODULES)) {
    expect(imports[`#${name}`]).toBe(`./dist/${folder}/index.js`);
    expect(readFileSync(join(ROOT, folder, 'index.ts'), 'utf8')).toMatch(/^export (type )?\{/m);
  }
  expect(Object.keys(imports).sort()).toEqual([...ENTRY_POINTS].sort());
});

test('the public parts import no module of ours but through an entry point that exists', () => {
  const folders = ['bench', 'examples', 'test'];
  // `npm run simulate` plays what a test plays, for longer; and tests may use what a module offers for testing.
  const near = (folder: string, file: string, specifier: string): boolean => {
    const path = posix.join(folder, dirname(file), specifier);
    return folders.some((each) => path.startsWith(`${each}/`)) || (folder === 'test' && path.includes('/testing/'));
  };
  for (const folder of folders) {
    let files: string[] = [];
    try {
      files = readdirSync(join(ROOT, folder), { recursive: true, encoding: 'utf8' }).filter((file) => file.endsWith('.ts'));
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    }
    for (const file of files) {
      for (const specifier of inspect(readFileSync(join(ROOT, folder, file), 'utf8')).imports) {
        const ok = specifier.startsWith('.') ? near(folder, file, specifier) : !specifier.startsWith('#') || ENTRY_POINTS.includes(specifier);
        expect([folder, file, specifier, ok]).toEqual([folder, file, specifier, true]);
      }
    }
  }
});

const PLANTED: [string, string, RegExp][] = [
  ['proto/x.ts', "import { a } from '#queue';", /proto may not import #queue/],
  ['queue/x.ts', "import type { a } from '#collectors';", /queue may not import #collectors/],
  ['collectors/x.ts', "import { openEmbeddedQueue } from '#queue/embedded';", /collectors may not import #queue\/embedded/],
  ['processing/features/x.ts', "export { a } from '#models';", /features may not import #models/],
  ['processing/models/x.ts', "export const a = await import('#processing');", /models may not import #processing/],
  ['processing/x.ts', "type A = import('#serving').A; export type B = A;", /processing may not import #serving/],
  ['serving/x.ts', "import { startFeatureWorker } from '#processing';", /serving may not import #processing/],
  ['serving/y.ts', "import { a } from '../proto/errors.ts';", /deep import .* into proto/],
  ['processing/workers/x.ts', "import { a } from '../models/linear.ts';", /deep import .* into models/],
  ['processing/models/y.ts', "import { a } from '../training/trainer.ts';", /deep import .* into processing/],
  ['queue/z.ts', "import { a } from '#proto/errors';", /no entry point/],
  ['queue/y.ts', "import fc from 'fast-check';", /is for tests/],
  ['queue/w.ts', 'process.exit(1);', /process.exit outside app/],
  ['proto/y.ts', "export const a = process['env'].HOME;", /process.env outside app/],
  ['serving/z.ts', "process.on('SIGTERM', () => undefined);", /process.on outside app/],
  ['collectors/y.ts', "console.log('x');", /console outside app/],
  ['queue/v.ts', "export * from './port.ts';", /export \*/],
  ['queue/u.ts', '\n'.repeat(501), /502 lines/],
];
test.each(PLANTED)('a planted violation is found: %s %j', (file, text, problem) => {
  const root = mkdtempSync(join(tmpdir(), 'foretick-architecture-'));
  try {
    for (const { folder } of Object.values(MODULES)) mkdirSync(join(root, folder), { recursive: true });
    mkdirSync(dirname(join(root, file)), { recursive: true });
    writeFileSync(join(root, file), text);
    expect(problemsOf(root)).toEqual([expect.stringMatching(problem)]);
  } finally {
    rmSync(root, { recursive: true });
  }
});
