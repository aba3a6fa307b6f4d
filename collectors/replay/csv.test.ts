import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import type { ByteSource } from './bytes.ts';
import { CsvReader } from './csv.ts';
import { fieldText } from './fields.ts';
import { NdjsonReader } from './ndjson.ts';
import { MAX_ROW_BYTES } from './rows.ts';

function source(chunks: readonly Uint8Array[]): ByteSource {
  const left = chunks.filter((chunk) => chunk.length > 0);
  return {
    totalBytes: 0,
    bytesRead: () => 0,
    next: () => Promise.resolve(left.shift() ?? null),
    close: () => Promise.resolve(),
  };
}

function cut(bytes: Uint8Array, at: readonly number[]): Uint8Array[] {
  const places = [0, ...at.map((place) => place % (bytes.length + 1)).sort((a, b) => a - b), bytes.length];
  return places.slice(1).map((place, i) => bytes.subarray(places[i], place));
}

async function rows(chunks: readonly Uint8Array[]): Promise<(string[] | string)[]> {
  const reader = new CsvReader(source(chunks));
  const all: (string[] | string)[] = [];
  do {
    while (reader.next()) {
      all.push(reader.problem ?? Array.from({ length: reader.fields }, (_, i) => fieldText(reader, i)));
    }
  } while (await reader.fill());
  return all;
}

const read = (text: string): Promise<(string[] | string)[]> => rows([Buffer.from(text)]);

/** A simple reading of RFC 4180, one character at a time, of well-formed text. */
function oracle(text: string): string[][] {
  const all: string[][] = [];
  let row: string[] = [''];
  let quoted = false;
  const add = (c: string): void => {
    row.push(row.pop()! + c);
  };
  const end = (): void => {
    if (row.length > 1 || row[0] !== '' || wasQuoted) all.push(row);
    row = [''];
    wasQuoted = false;
  };
  let wasQuoted = false;
  for (let i = 0; i < text.length; i++) {
    const c = text[i]!;
    if (quoted) {
      if (c !== '"') add(c);
      else if (text[i + 1] === '"') add(text[++i]!);
      else quoted = false;
    } else if (c === '"') {
      quoted = true;
      wasQuoted = true;
    } else if (c === ',') row.push('');
    else if (c === '\r' && text[i + 1] === '\n') continue;
    else if (c === '\n') end();
    else add(c);
  }
  end();
  return all;
}

const field = fc.oneof(
  fc.stringMatching(/^[a-z0-9 .é]{0,6}$/),
  fc.stringMatching(/^[a-z",\r\n €]{0,8}$/).map((text) => `"${text.replaceAll('"', '""')}"`),
);
const document = fc
  .tuple(fc.array(fc.tuple(fc.array(field, { minLength: 1, maxLength: 4 }), fc.constantFrom('\n', '\r\n', '\n\n')), { maxLength: 8 }), fc.boolean())
  .map(([lines, endless]) => {
    const text = lines.map(([fields, end]) => fields.join(',') + end).join('');
    return endless ? text.replace(/(\r?\n)+$/, '') : text;
  });

test('rows and fields are those of a simple reader, wherever chunks are cut', async () => {
  await fc.assert(
    fc.asyncProperty(document, fc.array(fc.nat(), { maxLength: 12 }), async (text, at) => {
      expect(await rows(cut(Buffer.from(text), at))).toEqual(oracle(text));
    }),
    { numRuns: 500 },
  );
});

test('what is read of any bytes does not depend on where chunks are cut', async () => {
  const bytes = fc.stringMatching(/^[a",\r\n]{0,40}$/).map((text) => Buffer.from(text));
  await fc.assert(
    fc.asyncProperty(bytes, fc.array(fc.nat(), { maxLength: 40 }), async (whole, at) => {
      expect(await rows(cut(whole, at))).toEqual(await rows([whole]));
    }),
    { numRuns: 500 },
  );
});

test('a byte order mark is passed over, also one byte at a time', async () => {
  const bytes = Buffer.from('\uFEFFa,b\n1,2');
  expect(await rows([bytes])).toEqual([['a', 'b'], ['1', '2']]);
  expect(await rows(cut(bytes, [1, 2, 3, 4]))).toEqual([['a', 'b'], ['1', '2']]);
});

test('characters after a closing quote spoil their line only', async () => {
  expect(await read('a,b\n"x"y,1\nc,d\n')).toEqual([['a', 'b'], 'a closing quote is followed by other characters', ['c', 'd']]);
});

test('an unclosed quote spoils its line only', async () => {
  expect(await read('a,b\n"x,1\nc,d\n')).toEqual([['a', 'b'], 'a quoted field is not closed', ['c', 'd']]);
});

test('a row that is too long is one problem, however long, and reading goes on after it', async () => {
  const long = Buffer.from(`a,b\n${'x'.repeat(3 * MAX_ROW_BYTES)},1\nc,d\n"${'y\n'.repeat(MAX_ROW_BYTES)}`);
  const all = await rows(cut(long, [100_000, 1_000_000, 2_000_000, 2_000_001]));
  expect(all.slice(0, 4)).toEqual([['a', 'b'], `a row is longer than ${MAX_ROW_BYTES} bytes`, ['c', 'd'], 'a quoted field is not closed']);
});

test('a quote within an unquoted field is an ordinary character', async () => {
  expect(await read('5" pipe,1\n')).toEqual([['5" pipe', '1']]);
});

test('lines of JSON are read wherever chunks are cut, and bad ones are problems', async () => {
  const long = `{"x":"${'x'.repeat(MAX_ROW_BYTES)}"}`;
  const bytes = Buffer.from(`\uFEFF{"a":"é"}\r\n\n[1]\n{"a":\nnull\n${long}\n{"a":2}`);
  for (const at of [[], [1, 2, 5, 9, 10, 11], [40, 100_000, 900_000, 1_048_600]]) {
    const reader = new NdjsonReader(source(cut(bytes, at)));
    const all: unknown[] = [];
    do {
      while (reader.next()) all.push(reader.problem === null ? reader.value : 'problem');
    } while (await reader.fill());
    expect(all).toEqual([{ a: 'é' }, 'problem', 'problem', 'problem', 'problem', { a: 2 }]);
  }
});

test('integers of verbatim columns keep their digits, the same digits in a text stay', async () => {
  const line = '{"t_ns": 1742944020773684999,"text":"\\"t_ns\\": 1742944020773684999, x","o":{"t_ns":1742944020773684998}}';
  const reader = new NdjsonReader(source([Buffer.from(line)]), ['t_ns']);
  while (!reader.next()) await reader.fill();
  expect(reader.value['t_ns']).toBe('1742944020773684999');
  expect(reader.value['text']).toBe('"t_ns": 1742944020773684999, x');
});
