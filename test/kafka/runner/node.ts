/** One process of a cluster. It dies with the process that started it, however that ends. */
import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { createWriteStream, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

import { propertiesOf, scramArguments, type ClusterPlan, type NodePlan } from './properties.ts';

const JVM = ['-Xms256m', '-Xmx384m', '-XX:TieredStopAtLevel=1', '-XX:+UseSerialGC', '-Xshare:auto'];
const READY_MS = 120_000;
const STOP_MS = 30_000;

export class KafkaNode {
  readonly plan: NodePlan;
  readonly #cluster: ClusterPlan;
  readonly #jars: string;
  readonly #clusterId: string;
  #process: ChildProcess | undefined;
  #pid = 0;

  constructor(plan: NodePlan, cluster: ClusterPlan, jars: string, clusterId: string) {
    this.plan = plan;
    this.#cluster = cluster;
    this.#jars = jars;
    this.#clusterId = clusterId;
  }

  get running(): boolean {
    return this.#process !== undefined;
  }

  /** Of the broker itself; 0 when it does not run. */
  get pid(): number {
    return this.#pid;
  }

  /** Starts it, on the data it had. Does not wait. */
  launch(): void {
    const { directory, secure } = this.plan;
    mkdirSync(directory, { recursive: true });
    const properties = join(directory, 'server.properties');
    writeFileSync(properties, propertiesOf(this.plan, this.#cluster));
    const classes = `${this.#jars}/*`;
    if (!existsSync(join(directory, 'data/meta.properties'))) {
      const format = ['kafka.tools.StorageTool', 'format', `--cluster-id=${this.#clusterId}`, '-c', properties, ...(secure ? scramArguments(secure) : [])];
      const formatted = spawnSync('java', ['-Xmx128m', '-XX:TieredStopAtLevel=1', '-cp', classes, ...format], { encoding: 'utf8' });
      if (formatted.status !== 0) throw new Error(`the storage of node ${this.plan.id} cannot be formatted: ${formatted.stderr}${formatted.stdout}`);
    }
    const log = createWriteStream(this.#log, { flags: 'a' });
    const broker = spawn('java', [...JVM, '-cp', classes, 'kafka.Kafka', properties], { stdio: ['ignore', 'pipe', 'pipe'], detached: true });
    broker.stdout.pipe(log, { end: false });
    broker.stderr.pipe(log, { end: false });
    this.#process = broker;
    this.#pid = broker.pid ?? 0;
    watchOver(this.#pid);
    broker.once('exit', () => {
      log.end();
      if (this.#process === broker) this.#process = undefined;
    });
  }

  /** Rejects with the end of its log when it does not answer in time. */
  async ready(): Promise<void> {
    const { port, controllerPort, roles, id } = this.plan;
    const deadline = Date.now() + READY_MS;
    while (Date.now() < deadline && this.running) {
      if (await answers(roles === 'controller' ? controllerPort : port)) return;
      await sleep(50);
    }
    throw new Error(`node ${id} of Kafka did not start:\n${readFileSync(this.#log, 'utf8').slice(-3000)}`);
  }

  async start(): Promise<void> {
    this.launch();
    await this.ready();
  }

  /** SIGKILL. */
  kill(): Promise<void> {
    return this.#end('SIGKILL');
  }

  /** SIGTERM, and SIGKILL when that takes too long. */
  async stop(): Promise<void> {
    await Promise.race([this.#end('SIGTERM'), sleep(STOP_MS, undefined, { ref: false })]);
    await this.kill();
  }

  freeze(): void {
    process.kill(this.#pid, 'SIGSTOP');
  }

  thaw(): void {
    process.kill(this.#pid, 'SIGCONT');
  }

  get #log(): string {
    return join(this.plan.directory, 'broker.log');
  }

  async #end(signal: NodeJS.Signals): Promise<void> {
    const broker = this.#process;
    if (!broker) return;
    const ended = new Promise<void>((resolve) => broker.once('exit', () => { resolve(); }));
    broker.kill(signal);
    await ended;
    unwatch(this.#pid);
    this.#pid = 0;
  }
}

/** A shell that outlives us by a moment: it kills the brokers when the pipe to us closes. */
let watcher: ChildProcess | undefined;

function watchOver(pid: number): void {
  watcher ??= spawn('sh', ['-c', 'pids=""; while read -r line; do case $line in +*) pids="$pids ${line#+}";; -*) pids=$(echo " $pids " | sed "s/ ${line#-} / /");; esac; done; [ -z "$(echo $pids)" ] || kill -9 $pids 2>/dev/null'], {
    stdio: ['pipe', 'ignore', 'ignore'],
    detached: true,
  });
  watcher.unref();
  (watcher.stdin as unknown as { unref(): void }).unref();
  watcher.stdin!.write(`+${pid}\n`);
}

function unwatch(pid: number): void {
  watcher?.stdin!.write(`-${pid}\n`);
}

function answers(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ host: '127.0.0.1', port });
    const done = (answer: boolean) => (): void => {
      socket.destroy();
      resolve(answer);
    };
    socket.once('connect', done(true));
    socket.once('error', done(false));
  });
}
