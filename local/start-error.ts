// A reason why the launcher can't start that the person at the keyboard can mend.

export class StartError extends Error {
  readonly remedy: string;

  constructor(message: string, remedy: string) {
    super(message);
    this.name = "StartError";
    this.remedy = remedy;
  }
}
