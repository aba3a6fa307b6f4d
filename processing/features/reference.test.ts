import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { FeatureEngine, compactFeatures } from '#features';
import { expectClose } from './testing/close.ts';
import { readRecording, recordingPath } from './testing/recording.ts';
import { referenceRow, type ReferenceEvent } from './testing/reference.ts';
import { fold, instrumentOf, streams } from './testing/streams.ts';

/** Fold all, and hold every row against its definition. */
function check(events: readonly ReferenceEvent[]): void {
  const engine = new FeatureEngine(compactFeatures);
  const histories = new Map<string, ReferenceEvent[]>();
  events.forEach((event, i) => {
    const instrument = instrumentOf(event);
    const history = histories.get(instrument) ?? [];
    histories.set(instrument, history);
    history.push(event);
    const row = fold(engine, event);
    if (row !== undefined) expectClose(compactFeatures.names, row, referenceRow(history), `event ${i} of ${instrument}`);
  });
}

test('every row of any stream equals its definition over the whole history', () => {
  fc.assert(fc.property(streams(120), check), { numRuns: 100 });
});

const recording = recordingPath();
const whenRecorded = recording === undefined ? test.skip : test;

whenRecorded('every row of a real recording equals its definition (skipped: no Binance recording in this checkout)', () => {
  const events = readRecording(recording!, 1_500);
  expect(events).toHaveLength(1_500);
  check(events);
});

test('the reference covers every column of the default set', () => {
  const tick = { instrument: 'x:A', kind: 0, eventTime: 1, receiptTime: 1, bid: 1, ask: 2 };
  expect(Object.keys(referenceRow([{ type: 'tick', tick }]))).toEqual(compactFeatures.names);
});
