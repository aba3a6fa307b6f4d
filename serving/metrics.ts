/** What a server counts, on the registry it is given. All names begin with `foretick_`. */
import { Counter, Gauge, Histogram, type Registry } from 'prom-client';

export type Transport = 'http' | 'grpc';

export interface ServingMetrics {
  /** Seconds from the decoded request to the answer, without transport. */
  predictSeconds(transport: Transport, seconds: number): void;
  /** `code` is OK or an error code. */
  request(transport: Transport, method: string, code: string): void;
  streamsOpen(kind: string, open: number): void;
  abstained(code: string): void;
  modelVersion(model: string, shard: number, version: number): void;
  refused(topic: string, code: string): void;
  retried(topic: string, code: string): void;
}

export interface ViewProbe {
  readonly name: string;
  readonly lag: number;
  readonly ready: boolean;
}

export function servingMetrics(registry: Registry, views: () => readonly ViewProbe[]): ServingMetrics {
  const registers = [registry];
  const predict = new Histogram({
    name: 'foretick_predict_duration_seconds',
    help: 'Time to answer a Predict, transport not included',
    labelNames: ['transport'],
    buckets: [0.000005, 0.00001, 0.000025, 0.00005, 0.0001, 0.00025, 0.0005, 0.001, 0.005, 0.025, 0.1],
    registers,
  });
  const requests = new Counter({
    name: 'foretick_requests_total',
    help: 'Requests answered, by error code or OK',
    labelNames: ['transport', 'method', 'code'],
    registers,
  });
  const streams = new Gauge({ name: 'foretick_streams_open', help: 'Streams open now', labelNames: ['kind'], registers });
  const abstentions = new Counter({
    name: 'foretick_abstentions_total',
    help: 'Requests for a prediction that was withheld, by reason',
    labelNames: ['reason'],
    registers,
  });
  const version = new Gauge({
    name: 'foretick_model_version',
    help: 'Learning steps behind the weights that answer',
    labelNames: ['model', 'shard'],
    registers,
  });
  const refused = new Counter({
    name: 'foretick_view_records_refused_total',
    help: 'Records that a view or the model store could not use',
    labelNames: ['topic', 'code'],
    registers,
  });
  const retries = new Counter({
    name: 'foretick_view_retries_total',
    help: 'Readings that failed and were tried again',
    labelNames: ['topic', 'code'],
    registers,
  });
  new Gauge({
    name: 'foretick_view_lag_records',
    help: 'Records between what a view has read and the end of its topic',
    labelNames: ['topic'],
    registers,
    collect() {
      for (const view of views()) this.set({ topic: view.name }, view.lag);
    },
  });
  new Gauge({
    name: 'foretick_view_ready',
    help: '1 when a view has been loaded',
    labelNames: ['topic'],
    registers,
    collect() {
      for (const view of views()) this.set({ topic: view.name }, view.ready ? 1 : 0);
    },
  });
  const timers = { http: predict.labels('http'), grpc: predict.labels('grpc') };
  return {
    predictSeconds: (transport, seconds) => { timers[transport].observe(seconds); },
    request: (transport, method, code) => { requests.inc({ transport, method, code }); },
    streamsOpen: (kind, open) => { streams.set({ kind }, open); },
    abstained: (reason) => { abstentions.inc({ reason }); },
    modelVersion: (model, shard, step) => { version.set({ model, shard }, step); },
    refused: (topic, code) => { refused.inc({ topic, code }); },
    retried: (topic, code) => { retries.inc({ topic, code }); },
  };
}
