import { expect, test } from '@jest/globals';
import fc from 'fast-check';

import { FrameSplitter, correlationOf, headOf } from './frames.ts';

test('messages come out whole and in order, however the stream is cut', () => {
  fc.assert(
    fc.property(fc.array(fc.uint8Array({ maxLength: 40 }), { maxLength: 10 }), fc.array(fc.integer({ min: 1, max: 30 }), { minLength: 1, maxLength: 20 }), (bodies, cuts) => {
      const frames = bodies.map((body) => {
        const frame = Buffer.alloc(4 + body.length);
        frame.writeInt32BE(body.length);
        frame.set(body, 4);
        return frame;
      });
      const stream = Buffer.concat(frames);
      const splitter = new FrameSplitter();
      const seen: Buffer[] = [];
      for (let at = 0, i = 0; at < stream.length; i++) {
        const next = at + cuts[i % cuts.length]!;
        seen.push(...splitter.push(stream.subarray(at, next)));
        at = next;
      }
      expect(seen.map((frame) => frame.toString('hex'))).toEqual(frames.map((frame) => frame.toString('hex')));
    }),
  );
});

test('the head of a request names its kind and its number, and so does its answer', () => {
  const request = Buffer.from('0000000a00000007deadbeef0000', 'hex');
  expect(headOf(request)).toEqual({ apiKey: 0, correlationId: 0xdeadbeef | 0 });
  expect(correlationOf(Buffer.from('00000006deadbeef0000', 'hex'))).toBe(0xdeadbeef | 0);
});
