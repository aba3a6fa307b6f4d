/** Which streams a source follows, and which timeline shows the posts of each. */
import { parseJson, pointer } from '../../values/fields.ts';

export interface Stream {
  /** In positions and logs. */
  readonly key: string;
  /** Path and query of its events. */
  readonly path: string;
  /** Path and query of the timeline. */
  readonly timeline: string;
}

const PUBLIC = {
  public: { path: '/api/v1/streaming/public', timeline: '/api/v1/timelines/public' },
  'public:local': { path: '/api/v1/streaming/public/local', timeline: '/api/v1/timelines/public?local=true' },
  'public:remote': { path: '/api/v1/streaming/public/remote', timeline: '/api/v1/timelines/public?remote=true' },
} as const;

export function streamsOf({ stream, hashtags }: { readonly stream: keyof typeof PUBLIC | 'hashtag'; readonly hashtags: readonly string[] }): readonly Stream[] {
  if (stream !== 'hashtag') return [{ key: stream, ...PUBLIC[stream] }];
  return [...new Set(hashtags.map((tag) => tag.toLowerCase()))].map((tag) => ({
    key: `hashtag:${tag}`,
    path: `/api/v1/streaming/hashtag?tag=${encodeURIComponent(tag)}`,
    timeline: `/api/v1/timelines/tag/${encodeURIComponent(tag)}`,
  }));
}

const STREAMING = pointer('/configuration/urls/streaming');

/** From what a server says of itself; null when it does not say it. It names the WebSocket. */
export function streamingUrl(instance: string): string | null {
  const url = STREAMING(parseJson(instance));
  return typeof url === 'string' && /^(ws|http)s?:\/\//.test(url) ? url.replace(/^ws/, 'http') : null;
}
