export type {
  Commit,
  GroupOptions,
  Headers,
  Membership,
  OutputRecord,
  PartitionDescription,
  PartitionOffsets,
  PollOptions,
  Producer,
  Queue,
  QueueRecord,
  ReadOptions,
  RecordBatch,
  StartPosition,
  Task,
  TaskContext,
} from './port.ts';
export { assignTasks, type AssignorMember } from './assignor.ts';
export { consume, type ConsumeOptions, type HandlerContext } from './consumer.ts';
export { loadTable, type Table, type TableOptions } from './table.ts';
