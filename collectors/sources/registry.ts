/** The live sources that ship. A new one is one line here. */
import type { SourceKind } from '../kind.ts';
import { bluesky } from './bluesky/source.ts';
import { coinbase } from './coinbase/source.ts';
import { mastodon } from './mastodon/source.ts';

export const SOURCE_KINDS: readonly SourceKind[] = [coinbase, bluesky, mastodon];
