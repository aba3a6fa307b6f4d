/** Two streams that share posts, over one set of instruments. */
import { contracts } from '../contracts.ts';

contracts('Mastodon, hashtags');
