import { sourceContract } from '../kit/contract.ts';
import { redditStandIn } from './stand-in.ts';

sourceContract('Reddit', {
  // A flood is more than Reddit keeps: here it keeps more.
  vendor: (standIn) => redditStandIn({ listing: 20_000, settings: { interval: '4s', listing_size: 20_000 } })(standIn),
  silentMs: 10_000,
  closeCode: null,
  // Answers have no order of frames, and are always whole.
  without: ['gap', 'reorder', 'repeat', 'flood', 'close'],
});
