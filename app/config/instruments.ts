/** The table of which words of a post name which instruments: a YAML file, edited by people. */
import { z } from 'zod';

import type { InstrumentTable } from '#posts';

import { readYaml } from './yaml.ts';

const words = () => z.array(z.string().min(1));

const assetSchema = z.strictObject({
  instruments: words().min(1),
  symbols: words().optional(),
  cashtags: words().optional(),
  names: z
    .array(
      z.union([
        z.string().min(1),
        z.strictObject({
          name: z.string().min(1),
          letters: z.enum(['any', 'written']).optional(),
          context: z.boolean().optional(),
        }),
      ]),
    )
    .optional(),
});

const tableSchema = z.strictObject({
  assets: z.array(assetSchema).min(1),
  stop_words: words().optional(),
  context_words: words().optional(),
});

/** @throws FILE_UNREADABLE; CONFIG_INVALID with every problem, each with file, line and key */
export function readInstrumentTable(file: string): InstrumentTable {
  const { assets, stop_words: stopWords, context_words: contextWords } = readYaml(file, tableSchema);
  // JSON drops what is undefined, at any depth.
  return JSON.parse(JSON.stringify({ assets, stopWords, contextWords })) as InstrumentTable;
}
