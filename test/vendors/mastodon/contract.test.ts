import { sourceContract } from '../kit/contract.ts';
import { mastodonServer } from './server.ts';

sourceContract('Mastodon, all public posts', { vendor: mastodonServer(), silentMs: 40_000, closeCode: null, without: ['close'] });
