import { contracts } from '../contracts.ts';

contracts('Mastodon, all public posts');
