/**
 * The note of a commit, in the metadata of the offsets it goes with. Offsets of a task's topics are committed at different times, so each note has the
 * number of its commit in front: the highest is the newest.
 */
import { fail } from '#proto';

/** Brokers take 4,096 bytes unless told otherwise; the number in front needs some. */
const MAX_NOTE_BYTES = 4_000;

export interface Note {
  readonly commit: number;
  readonly text: string;
}

export const NO_NOTE: Note = { commit: 0, text: '' };

export function encodeNote({ commit, text }: Note): string {
  return `${commit} ${text}`;
}

/** Metadata that is not ours counts as no note. */
export function newestNote(metadata: readonly (string | null)[]): Note {
  return metadata.map(decodeNote).reduce((newest, note) => (note.commit > newest.commit ? note : newest), NO_NOTE);
}

export function checkNote(text: string): void {
  const bytes = Buffer.byteLength(text);
  if (bytes > MAX_NOTE_BYTES) throw fail('INVALID_REQUEST', `The note of a commit has ${bytes} bytes: at most ${MAX_NOTE_BYTES} are kept.`);
}

function decodeNote(metadata: string | null): Note {
  const match = /^(\d{1,15}) ([\s\S]*)$/.exec(metadata ?? '');
  return match ? { commit: Number(match[1]), text: match[2]! } : NO_NOTE;
}
