/** The roles as processes of the built command line, and what may happen to them. */
import { setTimeout as sleep } from 'node:timers/promises';

import { MAIN, start, type Program } from '../../support/program.ts';

export type RoleName = 'collect' | 'features' | 'train';

export interface RoleProcess {
  readonly role: RoleName;
  readonly program: Program;
  /** Stopped by SIGSTOP. */
  frozen: boolean;
}

/** The fleet of one run. Processes that end unexpectedly are told, with what they wrote. */
export class Fleet {
  readonly #config: string;
  readonly members: RoleProcess[] = [];
  readonly problems: string[] = [];

  constructor(config: string) {
    this.#config = config;
  }

  of(role: RoleName): RoleProcess[] {
    return this.members.filter((member) => member.role === role);
  }

  add(role: RoleName): RoleProcess {
    const program = start(MAIN, [role, '--config', this.#config, '--health-port', '0']);
    const member: RoleProcess = { role, program, frozen: false };
    this.members.push(member);
    void program.ended.then(({ code, signal, stderr }) => {
      if (!this.#remove(member)) return;
      this.problems.push(`${role} ended by itself: code ${String(code)}, signal ${String(signal)}: ${stderr.slice(-600)}`);
    });
    return member;
  }

  /** kill -9: nothing of it runs on, not for a moment. */
  async kill(member: RoleProcess): Promise<void> {
    this.#remove(member);
    member.program.kill('SIGKILL');
    await member.program.ended;
  }

  freeze(member: RoleProcess): void {
    member.program.kill('SIGSTOP');
    member.frozen = true;
  }

  thaw(member: RoleProcess): void {
    member.program.kill('SIGCONT');
    member.frozen = false;
  }

  /** SIGTERM: it drains, and says so by its exit code. */
  async drain(member: RoleProcess): Promise<void> {
    if (member.frozen) this.thaw(member);
    this.#remove(member);
    member.program.kill('SIGTERM');
    const ended = await Promise.race([member.program.ended, sleep(90_000, null, { ref: false })]);
    if (ended === null) {
      this.problems.push(`${member.role} did not drain in time: ${member.program.stdout().slice(-2_000)}${member.program.stderr().slice(-600)}`);
      member.program.kill('SIGKILL');
    } else if (ended.code !== 0 && ended.signal !== 'SIGTERM') {
      // By the signal itself: it had not begun yet.
      this.problems.push(`${member.role} drained with code ${String(ended.code)}, signal ${String(ended.signal)}: ${ended.stderr.slice(-600)}`);
    }
  }

  async end(): Promise<void> {
    await Promise.all([...this.members].map((member) => this.drain(member)));
  }

  #remove(member: RoleProcess): boolean {
    const at = this.members.indexOf(member);
    if (at >= 0) this.members.splice(at, 1);
    return at >= 0;
  }
}
