/** What all sections of the benchmark share. */
import { openKafkaQueue } from '#queue/kafka';

export interface KafkaBench {
  readonly brokers: readonly string[];
  /** Small inputs, one repetition: shows that everything runs, not how fast. */
  readonly quick: boolean;
  readonly repetitions: number;
  /** A name nobody has had. */
  readonly fresh: () => string;
}

/** Later than every tick: a silent log of posts holds nothing back. */
export const END_OF_TIME = 4e15;

export async function createTopic(brokers: readonly string[], name: string, partitions: number): Promise<void> {
  const queue = await openKafkaQueue({ brokers });
  await queue.ensureTopics([{ name, partitions, cleanup: 'delete' }]);
  await queue.close();
}
