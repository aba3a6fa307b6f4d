import { expect, test } from '@jest/globals';
import fc from 'fast-check';

import {
  ABSTENTIONS,
  CONTENT_ARROW,
  CONTENT_JSON,
  SCHEMA,
  decodeFeatures,
  decodeOutcomes,
  decodePredictions,
  encodeFeatures,
  encodeOutcomeJson,
  encodeOutcomesArrow,
  encodePredictionJson,
  encodePredictionsArrow,
  featureHeaders,
  headersOf,
  type OutcomeColumns,
  type PredictionColumns,
} from '#proto';

import { featureRows, misaligned, outcomeColumns, predictionColumns, withoutNegativeZero } from '../testing/samples.ts';

const PREDICTIONS = { arrow: headersOf(CONTENT_ARROW, SCHEMA.prediction), json: headersOf(CONTENT_JSON, SCHEMA.prediction) };
const OUTCOMES = { arrow: headersOf(CONTENT_ARROW, SCHEMA.outcome), json: headersOf(CONTENT_JSON, SCHEMA.outcome) };
const slice = (o: { probabilities: Float64Array; classes: number }, i: number): number[] =>
  Array.from(o.probabilities.subarray(i * o.classes, (i + 1) * o.classes));

const expectedPrediction = (p: PredictionColumns, i: number): object => ({
  task: p.task,
  ordinal: p.ordinal[i],
  model: p.model,
  version: p.version[i],
  featureSet: p.featureSet,
  instrument: p.instruments[p.instrument[i]!],
  rowTask: p.rowTask,
  rowOrdinal: p.rowOrdinal[i],
  eventTimeUs: p.eventTime[i],
  dueTimeUs: p.dueTime[i],
  price: p.price[i],
  probabilities: p.abstained[i] === 0 ? slice(p, i) : [],
  abstained: ABSTENTIONS[p.abstained[i]!],
});

const expectedOutcome = (o: OutcomeColumns, i: number): object => ({
  task: o.task,
  ordinal: o.ordinal[i],
  model: o.model,
  version: o.version[i],
  instrument: o.instruments[o.instrument[i]!],
  predictionOrdinal: o.predictionOrdinal[i],
  eventTimeUs: o.eventTime[i],
  dueTimeUs: o.dueTime[i],
  label: o.label[i],
  returnBps: o.returnBps[i],
  logLoss: o.logLoss[i],
  probabilities: slice(o, i),
  expired: o.label[i]! < 0,
});

const all = (n: number): number[] => Array.from({ length: n }, (_, i) => i);

test('feature rows round-trip bit for bit, with task and ordinal in the headers', () => {
  fc.assert(
    fc.property(featureRows, (rows) => {
      const { value, headers } = encodeFeatures(rows);
      const decoded = decodeFeatures({ value: misaligned(value), headers });
      const { instruments, instrument, ...rest } = decoded;
      const { instruments: names, instrument: ids, ...expected } = rows;
      expect(rest).toEqual(expected);
      expect(Array.from(instrument, (id) => instruments[id])).toEqual(Array.from(ids, (id) => names[id]));
      expect(featureHeaders({ value, headers })).toEqual({ task: rows.task, ordinal: rows.ordinal, rows: rows.length });
    }),
  );
});

test('predictions round-trip through Arrow bit for bit, whole and in any subset', () => {
  fc.assert(
    fc.property(predictionColumns, fc.array(fc.nat(), { maxLength: 40 }), (p, picks) => {
      const whole = misaligned(encodePredictionsArrow(p, null));
      expect(decodePredictions({ value: whole, headers: PREDICTIONS.arrow })).toEqual(all(p.length).map((i) => expectedPrediction(p, i)));
      const taken = picks.map((pick) => pick % p.length);
      const value = encodePredictionsArrow(p, Int32Array.from(taken));
      expect(decodePredictions({ value, headers: PREDICTIONS.arrow })).toEqual(taken.map((i) => expectedPrediction(p, i)));
    }),
  );
});

test('predictions round-trip through JSON', () => {
  fc.assert(
    fc.property(predictionColumns, (p) => {
      const rows = all(p.length).flatMap((i) => decodePredictions({ value: Buffer.from(encodePredictionJson(p, i)), headers: PREDICTIONS.json }));
      expect(rows).toEqual(all(p.length).map((i) => withoutNegativeZero(expectedPrediction(p, i))));
    }),
  );
});

test('outcomes round-trip through Arrow bit for bit, whole and in any subset', () => {
  fc.assert(
    fc.property(outcomeColumns, fc.array(fc.nat(), { maxLength: 40 }), (o, picks) => {
      const whole = misaligned(encodeOutcomesArrow(o, null));
      expect(decodeOutcomes({ value: whole, headers: OUTCOMES.arrow })).toEqual(all(o.length).map((i) => expectedOutcome(o, i)));
      const taken = picks.map((pick) => pick % o.length);
      const value = encodeOutcomesArrow(o, Int32Array.from(taken));
      expect(decodeOutcomes({ value, headers: OUTCOMES.arrow })).toEqual(taken.map((i) => expectedOutcome(o, i)));
    }),
  );
});

test('outcomes round-trip through JSON', () => {
  fc.assert(
    fc.property(outcomeColumns, (o) => {
      const rows = all(o.length).flatMap((i) => decodeOutcomes({ value: Buffer.from(encodeOutcomeJson(o, i)), headers: OUTCOMES.json }));
      expect(rows).toEqual(all(o.length).map((i) => withoutNegativeZero(expectedOutcome(o, i))));
    }),
  );
});
