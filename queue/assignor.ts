/**
 * Spreads the tasks of a group over its members. A task is one partition number across all inputs, so equal
 * partition numbers of co-partitioned topics always go to one member. Pure: drivers call it with what each
 * member has now, and every process that asks with the same gets the same.
 *
 * Sticky: the numbers of tasks of any two members differ by at most one, and of all spreads of which that is
 * so, it is one that moves the fewest tasks.
 */

export interface AssignorMember {
  /** Unique in the group. Decides ties, by the order of its UTF-16 units. */
  readonly id: string;
  /** Partitions the member has now. Those beyond the count are ignored. */
  readonly owned: readonly number[];
  /** When two members claim a partition, the claim of the higher generation counts. @default 0 */
  readonly generation?: number;
}

/**
 * Partitions by member id, in ascending order; a member may get none.
 *
 * @param partitions how many each input topic has
 */
export function assignTasks(partitions: number, members: readonly AssignorMember[]): Map<string, number[]> {
  const sorted = [...members].sort((left, right) => compare(left.id, right.id));
  const assigned = new Map(sorted.map(({ id }) => [id, [] as number[]]));
  if (sorted.length === 0) return assigned;
  const claims = validClaims(partitions, sorted);
  const quotas = quotasOf(partitions, sorted, claims);
  const free = new Set(Array.from({ length: partitions }, (_, partition) => partition));
  for (const { id } of sorted) {
    for (const partition of claims.get(id)!.slice(0, quotas.get(id))) {
      assigned.get(id)!.push(partition);
      free.delete(partition);
    }
  }
  for (const partition of free) {
    const { id } = sorted.find((member) => assigned.get(member.id)!.length < quotas.get(member.id)!)!;
    assigned.get(id)!.push(partition);
  }
  for (const list of assigned.values()) list.sort((left, right) => left - right);
  return assigned;
}

function compare(left: string, right: string): number {
  return left < right ? -1 : left > right ? 1 : 0;
}

/** What each member has, ascending, with every partition in one list at most. */
function validClaims(partitions: number, sorted: readonly AssignorMember[]): Map<string, number[]> {
  const owners: (AssignorMember | undefined)[] = new Array<undefined>(partitions).fill(undefined);
  for (const member of sorted) {
    for (const partition of member.owned) {
      if (!Number.isInteger(partition) || partition < 0 || partition >= partitions) continue;
      const other = owners[partition];
      if (other === undefined || (other.generation ?? 0) < (member.generation ?? 0)) owners[partition] = member;
    }
  }
  const claims = new Map(sorted.map(({ id }) => [id, [] as number[]]));
  owners.forEach((owner, partition) => {
    if (owner !== undefined) claims.get(owner.id)!.push(partition);
  });
  return claims;
}

/** The places above the common number go to those who already have that many, so that they keep them. */
function quotasOf(partitions: number, sorted: readonly AssignorMember[], claims: ReadonlyMap<string, number[]>): Map<string, number> {
  const least = Math.floor(partitions / sorted.length);
  const above = new Set(
    [...sorted]
      .sort((left, right) => claims.get(right.id)!.length - claims.get(left.id)!.length)
      .slice(0, partitions % sorted.length)
      .map(({ id }) => id),
  );
  return new Map(sorted.map(({ id }) => [id, above.has(id) ? least + 1 : least]));
}
