/** Groups: their members, and which of them has which task. */
import { fail } from '#proto';
import { assignTasks } from '../assignor.ts';
import type { GroupOptions, Membership } from '../port.ts';
import type { Topic } from './catalog.ts';
import type { Log } from './log.ts';
import { GroupMember } from '../tasks/member.ts';
import { checkGroup } from './positions.ts';
import { TaskSlot } from './task-slot.ts';

const sortedNames = (topics: readonly Topic[]): string => topics.map(({ spec }) => spec.name).sort().join(' ');

class Group {
  readonly inputs: string;
  readonly #slots: readonly TaskSlot[];
  #members: GroupMember[] = [];
  #joins = 0;
  #closing = false;

  /** @param topics at least one, all with equally many partitions */
  constructor(log: Log, topics: readonly Topic[]) {
    this.inputs = sortedNames(topics);
    this.#slots = topics[0]!.partitions.map(({ index }) => new TaskSlot(log, topics, index));
  }

  get empty(): boolean {
    return this.#members.length === 0;
  }

  join(options: GroupOptions): GroupMember {
    // As text, ids sort in the order of joining.
    const id = `${this.#joins++}`.padStart(12, '0');
    const member = new GroupMember(id, options, (leaving) => {
      this.#members = this.#members.filter((other) => other !== leaving);
      this.#rebalance();
    });
    this.#members.push(member);
    this.#rebalance();
    return member;
  }

  /** All of them at once, so that no task moves to one that is about to leave. */
  async leaveAll(): Promise<void> {
    this.#closing = true;
    const left = Promise.all(this.#members.map((member) => member.leave()));
    this.#closing = false;
    this.#rebalance();
    await left;
  }

  #rebalance(): void {
    if (this.#closing) return;
    const owned = this.#members.map((member) => ({
      id: member.id,
      owned: this.#slots.flatMap((slot, partition) => (slot.owner === member ? [partition] : [])),
    }));
    const assigned = assignTasks(this.#slots.length, owned);
    const owners = new Array<GroupMember | undefined>(this.#slots.length).fill(undefined);
    for (const member of this.#members) for (const partition of assigned.get(member.id)!) owners[partition] = member;
    this.#slots.forEach((slot, partition) => {
      if (slot.owner !== owners[partition]) slot.assign(owners[partition]);
    });
  }
}

export class Groups {
  readonly #log: Log;
  readonly #groups = new Map<string, Group>();

  constructor(log: Log) {
    this.#log = log;
  }

  join(options: GroupOptions): Membership {
    const { group: name } = options;
    const topics = this.#inputs(options);
    let group = this.#groups.get(name);
    if (group === undefined || (group.empty && group.inputs !== sortedNames(topics))) {
      group = new Group(this.#log, topics);
      this.#groups.set(name, group);
    }
    if (group.inputs !== sortedNames(topics)) {
      throw fail('INVALID_REQUEST', `The members of group "${name}" read ${group.inputs}; one that reads other topics cannot join.`);
    }
    return group.join(options);
  }

  async leaveAll(): Promise<void> {
    await Promise.all([...this.#groups.values()].map((group) => group.leaveAll()));
  }

  /** Inputs in the order given; TOPIC_MISMATCH unless they are partitioned alike. */
  #inputs({ group, topics: names }: GroupOptions): Topic[] {
    checkGroup(group);
    const topics = names.map((name) => this.#log.catalog.get(name));
    const [first] = topics;
    if (first === undefined) throw fail('INVALID_REQUEST', `Group "${group}" has no input.`);
    for (const { spec } of topics) {
      if (spec.partitions === first.spec.partitions) continue;
      throw fail(
        'TOPIC_MISMATCH',
        `Group "${group}" needs inputs with equally many partitions: "${first.spec.name}" has ${first.spec.partitions}, "${spec.name}" ${spec.partitions}.`,
        { details: { topic: spec.name } },
      );
    }
    return topics;
  }
}
