// What stands behind the Upstash endpoint: something that runs Redis commands.

/** An error Redis answers a command with; the message is Redis's own, code first. */
export class CommandError extends Error {
  override readonly name = "CommandError";
}

export const transactionDiscarded = () =>
  new CommandError("EXECABORT Transaction discarded because of previous errors.");

/** Nobody is there to run the command. */
export class StoreDown extends Error {
  override readonly name = "StoreDown";
}

/** A value as RESP2 has it. In a list of commands, an error stands where the reply would. */
export type Reply = string | number | null | CommandError | Reply[];

/** The command's name, then its arguments. */
export type Command = readonly string[];

export interface RedisStore {
  /** Runs commands in their order, each whatever became of the others. Rejects with `StoreDown`. */
  run(commands: readonly Command[]): Promise<Reply[]>;
  /** Runs them with nothing in between. Rejects with a `CommandError` when one of them is none, and then runs none. */
  transaction(commands: readonly Command[]): Promise<Reply[]>;
  close(): Promise<void>;
}
