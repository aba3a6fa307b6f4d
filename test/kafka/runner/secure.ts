/** Key stores of a broker and of a client, made by Java's keytool, and what of them a client needs as PEM. */
import { execFileSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** Passwords by name. */
export type Users = Readonly<Record<string, string>>;

/** Files, PEM. All certificates are signed by themselves. */
export interface Certificates {
  /** Of the broker, for localhost and 127.0.0.1. */
  readonly broker: string;
  /** Of a client that the broker trusts, and its key. */
  readonly client: string;
  readonly clientKey: string;
}

export interface Stores {
  readonly keystore: string;
  readonly truststore: string;
  readonly storePassword: string;
  readonly certificates: Certificates;
}

const PASSWORD = 'for-tests-only';

export function makeStores(directory: string): Stores {
  mkdirSync(directory, { recursive: true });
  const at = (file: string): string => join(directory, file);
  const store = (name: string): string[] => ['-storetype', 'PKCS12', '-keystore', at(`${name}.p12`), '-storepass', PASSWORD];
  for (const name of ['broker', 'client']) {
    keytool('-genkeypair', '-alias', name, '-keyalg', 'EC', '-groupname', 'secp256r1', '-dname', `CN=${name}`, '-ext', 'SAN=dns:localhost,ip:127.0.0.1', '-validity', '3650', ...store(name));
    keytool('-exportcert', '-rfc', '-alias', name, '-file', at(`${name}.pem`), ...store(name));
  }
  keytool('-importcert', '-noprompt', '-alias', 'client', '-file', at('client.pem'), ...store('trusted'));
  const key = execFileSync('openssl', ['pkcs12', '-in', at('client.p12'), '-nodes', '-nocerts', '-passin', `pass:${PASSWORD}`], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });
  writeFileSync(at('client.key'), key);
  return {
    keystore: at('broker.p12'),
    truststore: at('trusted.p12'),
    storePassword: PASSWORD,
    certificates: { broker: at('broker.pem'), client: at('client.pem'), clientKey: at('client.key') },
  };
}

function keytool(...args: readonly string[]): void {
  execFileSync('keytool', args, { stdio: 'pipe' });
}
