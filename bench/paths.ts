import { join } from 'node:path';

/** The project's folder: this file runs from `dist/bench`. */
export const ROOT = join(import.meta.dirname, '..', '..');
/** Recordings that are used in place and never copied into the project. */
export const SHARED_TICKS = join(ROOT, '..', 'shared', 'data', 'tests-only', 'lean_fxcm_eurusd_ticks_201405.csv.gz');
export const CACHE = join(ROOT, 'bench', '.cache');
export const VENV = join(ROOT, 'bench', '.venv');
export const RIVER_SCRIPT = join(ROOT, 'bench', 'river_peer.py');
export const CLI = join(ROOT, 'dist', 'app', 'main.js');
export const MODELS_SCRIPT = join(ROOT, 'bench', 'models_peer.py');
export const SHARED_TWEETS = join(ROOT, '..', 'shared', 'data', 'tests-only', 'stocknet_tweets_201401_201507.ndjson.gz');
export const RATED_TEXTS = join(ROOT, 'processing', 'posts', 'testing', 'data', 'vader_tweets_GroundTruth.txt');
export const LEXICON_DATA = join(ROOT, 'processing', 'posts', 'data');
export const EXAMPLE_INSTRUMENTS = join(ROOT, 'examples', 'instruments.yaml');
