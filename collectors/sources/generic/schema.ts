/** Options of the sources that are made by configuration alone: where in a vendor's JSON the values of a record stand. */
import { z } from 'zod';

import { secretSchema } from '../../secrets.ts';

/** RFC 6901; from the record, or with ^ before it from the frame that the record stands in. */
const POINTER = /^\^?(\/.*)?$/;
const pointerText = () => z.string().regex(POINTER, 'a JSON pointer such as /data/price; with ^ before it, it begins at the frame and not at the record');

const scalar = z.union([z.string(), z.number(), z.boolean(), z.null()]);

/** All of them hold. */
export const whenSchema = () => z.record(pointerText(), z.union([scalar, z.array(scalar)]));
export type When = z.output<ReturnType<typeof whenSchema>>;

/** A text, sent as it is, or an object or list, sent as JSON. */
export const messageSchema = () => z.union([z.string().min(1), z.record(z.string(), z.unknown()), z.array(z.unknown())]);
export type Message = z.output<ReturnType<typeof messageSchema>>;

const shared = {
  when: whenSchema().default({}).describe('Frames it stands in: pointers and the value, or one of the values, that stand there; "*" is any value, null is none'),
  each: pointerText().optional().describe('A list in the frame of which each element is a record; left out: the frame itself, or each of its elements if it is a list of objects'),
  past: z
    .union([z.boolean(), z.literal('first')])
    .default(false)
    .describe('Sent on subscribing, so that it may have happened long before: always, or the first of an instrument on a connection'),
  instrument: z
    .strictObject({
      at: pointerText().describe('Where it stands'),
      as: z.string().regex(/^[^{]*\{instrument\}[^{]*$/, 'a text with {instrument} in it').default('{instrument}').describe('How it is written there: live_trades_{instrument}'),
    })
    .optional()
    .describe('Which instrument it is about; left out: the only one of the connection or the request'),
  time: z
    .strictObject({
      at: pointerText().describe('Where it stands'),
      unit: z.enum(['rfc3339', 's', 'ms', 'us', 'ns']).default('rfc3339').describe('How it is written'),
    })
    .optional()
    .describe('When it happened, by the vendor\'s clock; left out: when it was received'),
  sequence: z
    .strictObject({
      at: pointerText().describe('Where it stands'),
      numbers: z
        .enum(['by-one', 'rising', 'unordered'])
        .describe('by-one: of an instrument each is one above the one before, so that gaps are counted; rising: each is higher; unordered: ids that only tell repeats'),
    })
    .optional()
    .describe('What tells repeats and gaps; left out: repeats are told by content'),
};

const tradeSchema = z.strictObject({
  kind: z.literal('trade'),
  ...shared,
  price: pointerText().describe('Where the price stands'),
  size: pointerText().optional().describe('Where the size stands; left out: 0'),
  side: z
    .strictObject({
      at: pointerText().describe('Where it stands'),
      buy: z.array(scalar).min(1).describe('What stands for buy'),
      sell: z.array(scalar).min(1).describe('What stands for sell'),
      of: z.enum(['taker', 'maker']).default('taker').describe('Whose side the vendor names'),
    })
    .optional()
    .describe('Which side it was; left out: unknown'),
});

const quoteSchema = z.strictObject({
  kind: z.literal('quote'),
  ...shared,
  bid: pointerText().describe('Where the best bid stands'),
  bid_size: pointerText().optional().describe('Where its size stands; left out: 0'),
  ask: pointerText().describe('Where the best ask stands'),
  ask_size: pointerText().optional().describe('Where its size stands; left out: 0'),
});

const recordSchema = z.discriminatedUnion('kind', [tradeSchema, quoteSchema]);
export type RecordRule = z.output<typeof recordSchema>;
export type TradeRule = z.output<typeof tradeSchema>;

/** What both sources take. */
export const genericOptions = () => ({
  venue: z.string().regex(/^[a-z0-9][a-z0-9_-]*$/, 'lower-case letters, digits, - and _').describe('What stands before the colon in instrument ids: venue:BTC-USD'),
  symbols: z.record(z.string().min(1), z.string().min(1)).default({}).describe('What an instrument is called by the vendor, where that is not its name in the id: BTC-USD: btcusd'),
  keys: z.record(z.string().regex(/^[a-z0-9_]+$/), secretSchema()).default({}).describe('Keys and tokens, used as {key.NAME} in addresses, headers and messages'),
  headers: z.record(z.string().min(1), z.string()).default({}).describe('Headers of the request, such as authorization: Bearer {key.token}'),
  records: z.array(recordSchema).min(1).describe('Where trades and quotes stand in the JSON: see docs/sources.md'),
  others: z
    .array(z.strictObject({ name: z.string().regex(/^[a-z][a-z0-9-]*$/).describe('Under which it is counted'), when: whenSchema().describe('How it is recognised') }))
    .default([])
    .describe('Frames that are not collected, by what they are; one that nothing explains is a dead letter'),
});

export interface GenericOptions {
  readonly venue: string;
  readonly symbols: Readonly<Record<string, string>>;
  readonly records: readonly RecordRule[];
}
