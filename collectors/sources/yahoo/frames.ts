/** Frames of Yahoo's streamer: version 2 is JSON around the message, version 1 the message alone. */
import { fail } from '#proto';

import { object, parseJson, text } from '../../values/fields.ts';
import { decodePricing, type Pricing } from './pricing.ts';
import type { Prices } from './prices.ts';

const HEARTBEAT = 7;

/** @throws MALFORMED_RECORD */
export function pricingOf(frame: string): Pricing {
  if (!frame.startsWith('{')) return decodePricing(frame);
  const message = object(parseJson(frame), 'frame');
  const type = text(message['type'], 'type');
  if (type !== 'pricing') throw fail('MALFORMED_RECORD', `type ${type.slice(0, 40)} is not known`);
  return decodePricing(text(message['message'], 'message'));
}

/** Publishes what a frame says, and returns what it was. */
export function takeFrame(frame: string, prices: Prices): string {
  const { quoteType, id, time, price, dayVolume = 0 } = pricingOf(frame);
  if (quoteType === HEARTBEAT) return 'heartbeat';
  if (id === undefined || id === '') throw fail('MALFORMED_RECORD', 'id is missing');
  if (typeof time !== 'number' || !(time > 0) || !Number.isSafeInteger(time * 1000)) throw fail('MALFORMED_RECORD', 'time is not a time');
  // Of a symbol that never had a price it is absent.
  if (price === undefined) return 'no-price';
  prices.publish({ symbol: id, at: time * 1000, price: Number(price), volume: dayVolume });
  return 'price';
}
