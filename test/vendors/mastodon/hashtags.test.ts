/** Two streams that share posts, over one set of instruments. */
import { sourceContract } from '../kit/contract.ts';
import { mastodonServer } from './server.ts';

sourceContract('Mastodon, hashtags', {
  vendor: mastodonServer({ settings: { stream: 'hashtag', hashtags: ['Stocks', 'crypto'] } }),
  silentMs: 40_000,
  closeCode: null,
  without: ['close'],
});
