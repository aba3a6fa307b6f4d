/** Keys and tokens: where they come from is configured, what they are is never printed. */
import { inspect } from 'node:util';

import { z } from 'zod';

/** In a configuration: where a secret stands, never the secret itself. */
export const secretSchema = () =>
  z.union([
    z.strictObject({ env: z.string().min(1).describe('Environment variable that holds it') }),
    z.strictObject({ file: z.string().min(1).describe('File that holds it, and nothing else; read again at each connection') }),
  ]);

export type SecretRef = z.output<ReturnType<typeof secretSchema>>;

/** A secret that prints as `[secret]`, however it is printed. */
export class Secret {
  readonly #value: string;

  constructor(value: string) {
    this.#value = value;
  }

  /** To be sent to the vendor, and nowhere else. */
  reveal(): string {
    return this.#value;
  }

  toString(): string {
    return '[secret]';
  }

  toJSON(): string {
    return '[secret]';
  }

  [inspect.custom](): string {
    return '[secret]';
  }
}

/** Takes secrets out of texts that others made: addresses, errors, what a vendor echoes. */
export interface Redactor {
  add(secret: Secret): void;
  redact(text: string): string;
}

/** Shorter ones are not searched for: they would take letters out of everything. */
const SHORTEST = 4;

export function createRedactor(): Redactor {
  const forms = new Set<string>();
  return {
    add(secret) {
      const value = secret.reveal();
      if (value.length < SHORTEST) return;
      const bytes = Buffer.from(value);
      for (const form of [value, encodeURIComponent(value), JSON.stringify(value).slice(1, -1), bytes.toString('base64'), bytes.toString('base64url')]) forms.add(form);
    },
    redact(text) {
      let clean = text;
      for (const form of forms) clean = clean.replaceAll(form, '[secret]');
      return clean;
    },
  };
}
