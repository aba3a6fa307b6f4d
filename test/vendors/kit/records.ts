/** Records as texts, so that what happened and what was published can be compared. */
import { TickKind, TickSide, type Post, type TickColumns } from '#proto';

import type { MarketItem, MarketPost } from './market.ts';

/** What an item should become. @param timed whether the vendor says when it happened */
export function recordKey(item: MarketItem, instrument: string, timed: boolean, postId: (post: MarketPost) => string = ({ id }) => String(id)): string {
  const at = timed ? ` @${item.atUs}` : '';
  if (item.stream === 'trade') return `trade ${instrument} #${item.id} ${Number(item.price)} ${Number(item.size)} ${item.aggressor}${at}`;
  if (item.stream === 'quote') return `quote ${instrument} ${Number(item.bid)} ${Number(item.bidSize)} ${Number(item.ask)} ${Number(item.askSize)}${at}`;
  return `post ${instrument} #${postId(item)} ${item.text}${at}`;
}

/** What a published row is. */
export function rowKey(ticks: TickColumns, i: number, timed: (stream: 'trade' | 'quote') => boolean): string {
  const instrument = ticks.instruments[ticks.instrument[i]!]!;
  if (ticks.kind[i] === TickKind.TRADE) {
    const side = ticks.side[i] === TickSide.BUY ? 'buy' : ticks.side[i] === TickSide.SELL ? 'sell' : 'none';
    const at = timed('trade') ? ` @${ticks.eventTime[i]!}` : '';
    return `trade ${instrument} #${ticks.sequence[i]!} ${ticks.price[i]!} ${ticks.size[i]!} ${side}${at}`;
  }
  const at = timed('quote') ? ` @${ticks.eventTime[i]!}` : '';
  return `quote ${instrument} ${ticks.bid[i]!} ${ticks.bidSize[i]!} ${ticks.ask[i]!} ${ticks.askSize[i]!}${at}`;
}

export function postKey(post: Post, timed: boolean): string {
  return `post ${post.instrument} #${post.postId} ${post.text}${timed ? ` @${post.eventTimeUs}` : ''}`;
}
