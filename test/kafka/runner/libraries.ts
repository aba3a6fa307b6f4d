/** Kafka's own programs, from Maven Central: fetched once for each version, kept in `.cache/kafka`. */
import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { ROOT } from '../../support/recording.ts';

interface Artifact {
  readonly group: string;
  readonly name: string;
  readonly version: string;
}

const KAFKA = 'org.apache.kafka';
/** What logs to the console, for each line of brokers. */
const LINES = {
  '3.9': [
    { group: KAFKA, name: 'kafka_2.13', version: '3.9.2' },
    { group: 'org.slf4j', name: 'slf4j-reload4j', version: '1.7.36' },
  ],
  '4': [
    { group: KAFKA, name: 'kafka_2.13', version: '4.4.0' },
    { group: 'org.apache.logging.log4j', name: 'log4j-slf4j-impl', version: '2.25.2' },
  ],
  /** Console clients and performance tools. */
  tools: [
    { group: KAFKA, name: 'kafka-tools', version: '3.9.2' },
    { group: 'org.slf4j', name: 'slf4j-reload4j', version: '1.7.36' },
  ],
} as const satisfies Record<string, readonly Artifact[]>;

export type KafkaLine = Exclude<keyof typeof LINES, 'tools'>;

const FOLDER = process.env['KAFKA_JARS'] ?? join(ROOT, '.cache/kafka');
const JAVA = 17;

/** Why no broker can be had here, or null. */
export function whyNoBroker(): string | null {
  const java = spawnSync('java', ['-version'], { encoding: 'utf8' });
  const version = Number(/version "(\d+)/.exec(java.stderr)?.[1] ?? 0);
  if (version < JAVA) return version === 0 ? 'there is no Java' : `Java ${version} is older than ${JAVA}`;
  if (existsSync(join(FOLDER, '4'))) return null;
  return spawnSync('mvn', ['--version']).status === 0 ? null : 'there is no Maven to fetch brokers with';
}

/** Folder of the jars. Several processes may ask at once: each fetches into a folder of its own, and the first one's counts. */
export function librariesOf(line: keyof typeof LINES): string {
  const folder = join(FOLDER, line);
  if (existsSync(folder)) return folder;
  mkdirSync(FOLDER, { recursive: true });
  const work = mkdtempSync(join(FOLDER, 'fetching-'));
  try {
    writeFileSync(join(work, 'pom.xml'), pom(LINES[line]));
    execFileSync('mvn', ['-q', '-B', 'dependency:copy-dependencies', '-DincludeScope=runtime', '-DoutputDirectory=jars'], { cwd: work, stdio: 'pipe' });
    if (!existsSync(folder)) renameSync(join(work, 'jars'), folder);
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
  return folder;
}

function pom(artifacts: readonly Artifact[]): string {
  const dependencies = artifacts.map(({ group, name, version }) => `<dependency><groupId>${group}</groupId><artifactId>${name}</artifactId><version>${version}</version></dependency>`);
  return `<project xmlns="http://maven.apache.org/POM/4.0.0"><modelVersion>4.0.0</modelVersion><groupId>test</groupId><artifactId>kafka</artifactId><version>1</version><dependencies>${dependencies.join('')}</dependencies></project>`;
}
