/** `docs/errors.md`, from the table in `proto/errors.ts` and the comments that group it. */
import { readFileSync } from 'node:fs';

import { ERROR_CODES, type ErrorCode } from '#proto';

/** Names of google.rpc.Code by number. */
const GRPC: Readonly<Record<number, string>> = {
  3: 'INVALID_ARGUMENT',
  5: 'NOT_FOUND',
  7: 'PERMISSION_DENIED',
  8: 'RESOURCE_EXHAUSTED',
  9: 'FAILED_PRECONDITION',
  10: 'ABORTED',
  11: 'OUT_OF_RANGE',
  13: 'INTERNAL',
  14: 'UNAVAILABLE',
  15: 'DATA_LOSS',
};

interface Group {
  readonly title: string;
  readonly codes: ErrorCode[];
}

/** Codes under the comment they stand under. */
function groups(source: string): Group[] {
  const table = source.slice(source.indexOf('export const ERROR_CODES'), source.indexOf('} as const satisfies'));
  const found: Group[] = [];
  for (const line of table.split('\n')) {
    const title = /^ {2}\/\/ (.*)\.$/.exec(line)?.[1];
    if (title !== undefined) found.push({ title, codes: [] });
    const code = /^ {2}([A-Z_]+): entry\(/.exec(line)?.[1];
    if (code !== undefined) found.at(-1)!.codes.push(code as ErrorCode);
  }
  return found;
}

function section({ title, codes }: Group): string {
  const rows = codes.map((code) => {
    const { meaning, remedy, retriable, grpc, http } = ERROR_CODES[code];
    return `| \`${code}\` | ${meaning} | ${remedy} | ${retriable ? 'yes' : 'no'} | ${GRPC[grpc] ?? String(grpc)} | ${http} |`;
  });
  return [`## ${title}`, '', '| code | what it means | what to do | retriable | gRPC | HTTP |', '|---|---|---|---|---|---|', ...rows].join('\n');
}

/** @param source text of `proto/errors.ts` */
export function errorsMarkdown(source = readFileSync('proto/errors.ts', 'utf8')): string {
  const intro = `# Errors

Every error Foretick gives carries one of these codes: in the \`code\` of an HTTP answer, the \`foretick-code\` trailer of gRPC, the \`code\`
header of a dead letter, and logs. Match on the code, never on the message. *Retriable*: the same call may succeed later, unchanged.

This page is made from \`proto/errors.ts\` by \`npm run build && node dist/proto/testing/write-errors-doc.js\`; a test keeps the two in step.
`;
  return `${[intro, ...groups(source).map(section)].join('\n\n').replace('\n\n\n', '\n\n')}\n`;
}
