/** Frames of the vendor's documentation, as JSON and as MessagePack. */
import { expect, test } from '@jest/globals';
import { EXT_TIMESTAMP, ExtensionCodec, encode, encodeTimeSpecToTimestamp } from '@msgpack/msgpack';

import type { Channel } from '../../connect/connection.ts';
import { testLive } from '../../testing/live.ts';
import { alpacaRows } from './rows.ts';
import { alpacaSession } from './session.ts';
import { alpacaWire } from './wire.ts';

const FRAMES = [
  '[{"T":"success","msg":"connected"}]',
  '[{"T":"success","msg":"authenticated"}]',
  '[{"T":"subscription","trades":["AAPL"],"quotes":["AMD","CLDR"],"bars":["*"],"updatedBars":[],"dailyBars":["VOO"],"statuses":["*"],"lulds":[],"corrections":["AAPL"],"cancelErrors":["AAPL"]}]',
  '[{"T":"q","S":"AMD","bx":"K","bp":91.95,"bs":2,"ax":"Q","ap":91.98,"as":1,"c":["R"],"z":"C","t":"2023-04-06T11:54:21.670905508Z"}]',
  '[{"T":"t","S":"AAPL","i":628,"x":"K","p":162.92,"s":3,"c":["@","F","T","I"],"z":"C","t":"2023-04-06T11:54:26.838232225Z"},{"T":"t","S":"AAPL","i":75,"x":"Z","p":162.93,"s":100,"c":["@"],"z":"C","t":"2023-04-06T11:54:26.838562809Z"}]',
  '[{"T":"b","S":"FAKEPACA","o":132.65,"h":136,"l":132.12,"c":134.65,"v":205,"t":"2024-07-24T07:56:00Z","n":16,"vw":133.7}]',
  '[{"T":"c","S":"AAPL","x":"M","oi":52983525033527,"op":39.1582,"os":440000,"oc":[" ","7"],"ci":52983525034326,"cp":39.1809,"cs":440000,"cc":[" ","7"],"z":"B","t":"2023-04-06T14:25:06.542305024Z"}]',
  '[{"T":"brandnew","S":"AAPL"}]',
];

const codec = new ExtensionCodec();
codec.register({
  type: EXT_TIMESTAMP,
  encode(value) {
    if (!(value instanceof Date)) return null;
    const { sec, nsec } = value as Date & { sec: number; nsec: number };
    return encodeTimeSpecToTimestamp({ sec, nsec });
  },
  decode: () => null,
});

/** The same message, its times as the timestamp extension with all of their nanoseconds. */
function packed(frame: string): Uint8Array {
  const messages = JSON.parse(frame, (key, value: unknown) => {
    if (key !== 't' || typeof value !== 'string') return value;
    const nsec = Number((/\.(\d+)Z$/.exec(value)?.[1] ?? '').padEnd(9, '0'));
    return Object.assign(new Date(value), { sec: Math.floor(Date.parse(value) / 1000), nsec });
  }) as unknown;
  return encode(messages, { extensionCodec: codec });
}

function decodeAll(encoding: 'json' | 'msgpack', frames: readonly (string | Uint8Array)[]) {
  const made = testLive({ name: 'alpaca' });
  const { live } = made;
  const sent: (string | Uint8Array)[] = [];
  const ends: string[] = [];
  const channel: Channel = {
    name: 'alpaca/1',
    send: (data) => sent.push(data),
    confirmed: () => ends.push('confirmed'),
    giveUp: (cause, message) => ends.push(`${cause}: ${message}`),
    replace: (message) => ends.push(message),
    refuse: (message) => ends.push(`refused: ${message}`),
  };
  const wire = alpacaWire(encoding);
  const scope = { symbols: ['AAPL'], subscribe: () => ends.push('subscribe'), collects: () => true };
  const session = alpacaSession({ live, channel, scope, wire, rows: alpacaRows(live, () => true), streams: ['trades'], credentials: () => ({ key: 'K', secret: 'S' }) });
  for (const frame of frames) live.out.frame('test', frame, 1_800_000_000_000_000, () => session.frame(frame));
  const rows = made.take().map((line) => JSON.parse(line) as Record<string, unknown>);
  return { ...made, rows, sent, ends, wire };
}

test.each(['json', 'msgpack'] as const)('every message of the documentation, as %s: log-in, confirmation, rows with their values, counts by kind', (encoding) => {
  const { rows, frames, rejections, sent, ends, wire } = decodeAll(encoding, encoding === 'json' ? FRAMES : FRAMES.map(packed));
  expect(Object.fromEntries(frames)).toEqual({ success: 2, subscription: 1, quote: 1, trade: 1, bar: 1, correction: 1, unknown: 1 });
  expect(rejections).toEqual([]);
  expect(ends).toEqual(['subscribe', 'confirmed']);
  expect(sent.map((data) => wire.read(data))).toEqual([{ action: 'auth', key: 'K', secret: 'S' }]);
  const about = { source: 'alpaca', receiptTimeUs: 1_800_000_000_000_000 };
  expect(rows).toEqual([
    { instrument: 'alpaca:AMD', ...about, sequence: 0, eventTimeUs: 1_680_782_061_670_905, quote: { bid: 91.95, bidSize: 2, ask: 91.98, askSize: 1 } },
    { instrument: 'alpaca:AAPL', ...about, eventTimeUs: 1_680_782_066_838_232, sequence: 628, trade: { aggressor: 'SIDE_UNSPECIFIED', price: 162.92, size: 3 } },
    { instrument: 'alpaca:AAPL', ...about, eventTimeUs: 1_680_782_066_838_562, sequence: 75, trade: { aggressor: 'SIDE_UNSPECIFIED', price: 162.93, size: 100 } },
    // A bar is known at its end.
    { instrument: 'alpaca:FAKEPACA', ...about, sequence: 0, eventTimeUs: 1_721_807_820_000_000, bar: { open: 132.65, high: 136, low: 132.12, close: 134.65, volume: 205, intervalUs: 60_000_000 } },
  ]);
});

test('one bad message of a frame makes the frame a dead letter, the others are published', () => {
  const { rows, rejections } = decodeAll('json', ['[{"T":"t","S":"AAPL","i":1,"x":"K","p":"?","s":1,"t":"2023-04-06T11:54:26Z"},{"T":"t","S":"AAPL","i":2,"x":"K","p":1.5,"s":1,"t":"2023-04-06T11:54:26Z"}]']);
  expect(rows).toHaveLength(1);
  expect(rejections.map(({ message }) => message)).toEqual(['p is not a decimal number']);
});

test.each([
  [400, 'refused: Alpaca: 400 no'],
  [401, 'unconfirmed: Alpaca: 401 no'],
  [402, 'refused: Alpaca: 402 no: check key and secret'],
  [404, 'unconfirmed: Alpaca: 404 no'],
  [405, 'refused: Alpaca: 405 no: lower symbols, or the plan wants to be a larger one'],
  [406, 'rate-limited: Alpaca: 406 no'],
  [407, 'dropped: Alpaca: 407 no'],
  [409, 'refused: Alpaca: 409 no: the plan does not hold this feed'],
  [410, 'refused: Alpaca: 410 no'],
  [500, 'unconfirmed: Alpaca: 500 no'],
])('error %d', (code, end) => {
  expect(decodeAll('json', [JSON.stringify([{ T: 'error', code, msg: 'no' }])]).ends).toEqual([end]);
});

test('error 403 says that all is well, and changes nothing', () => {
  expect(decodeAll('json', ['[{"T":"error","code":403,"msg":"already authenticated"}]']).ends).toEqual([]);
});

test('MessagePack that claims a billion elements, or ends too early, is a dead letter', () => {
  const { rejections } = decodeAll('msgpack', [new Uint8Array([0xdd, 0x3b, 0x9a, 0xca, 0]), packed(FRAMES[4]!).slice(0, 40)]);
  expect(rejections.map(({ message }) => message)).toEqual(['not MessagePack', 'not MessagePack']);
});

test('what came on the stream is not published again by a back-fill that is longer than what is remembered', () => {
  const { live } = testLive({ name: 'alpaca', capacity: 1_000_000 });
  const rows = alpacaRows(live, () => true);
  const accepted: boolean[] = [];
  const give = (id: number, fetched: boolean): void => {
    live.out.frame('f', 'x', live.receipt(), () => {
      accepted.push(rows.trade('SPY', { i: id, x: 'Q', p: 1, s: 1, t: '2023-11-14T22:13:20Z' }, fetched));
      return 'trade';
    });
  };
  give(7, false);
  for (let id = 1000; id < 141_000; id++) give(id, true);
  give(7, true);
  expect([accepted.at(0), accepted.at(-1), accepted.filter(Boolean).length]).toEqual([true, false, 140_001]);
});
