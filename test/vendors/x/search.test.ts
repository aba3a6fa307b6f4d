/** The mode for plans without the stream. */
import { sourceContract } from '../kit/contract.ts';
import { xStandIn } from './stand-in.ts';

sourceContract('X, recent search', {
  vendor: (standIn) => xStandIn({ hasStream: false, settings: { mode: 'search', search_interval: '5s', backfill_limit: 20_000 } })(standIn),
  silentMs: 10_000,
  closeCode: null,
  // Answers have no order of frames, and are always whole.
  without: ['gap', 'reorder', 'repeat', 'flood', 'close'],
});
