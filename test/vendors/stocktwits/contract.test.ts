import { sourceContract } from '../kit/contract.ts';
import { stockTwitsServer } from './server.ts';

// The contract's market is busier than any stream: with the vendor's own cap of 200 an hour there would be hardly a round in it. See rules.test.ts.
const cap = 100_000;

sourceContract('StockTwits', {
  vendor: stockTwitsServer({ cap, settings: { interval: '1s', pages: 400, requests_per_hour: cap } }),
  silentMs: 10_000,
  closeCode: null,
  without: ['gap', 'reorder', 'repeat', 'flood', 'close'],
});
