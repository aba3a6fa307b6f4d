/** CPU and wall time of a piece of work in this process: all its threads, user and system. */
export interface Usage {
  readonly cpu: number;
  readonly wall: number;
}

export function startUsage(): () => Usage {
  const cpu = process.cpuUsage();
  const started = performance.now();
  return () => {
    const { user, system } = process.cpuUsage(cpu);
    return { cpu: (user + system) / 1e6, wall: (performance.now() - started) / 1e3 };
  };
}
