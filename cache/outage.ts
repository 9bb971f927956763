// Tells of the cache's outages: once when one begins, once when it is over, however many asks meet it in between.
import { getLogger } from "@logtape/logtape";

export class Outage {
  readonly #log: (message: string, details: Record<string, unknown>) => void;
  #failures = 0;

  constructor(log: (message: string, details: Record<string, unknown>) => void) {
    this.#log = log;
  }

  failed(error: unknown): void {
    if (this.#failures++ === 0) {
      this.#log("the cache can't be reached; answers are made without it until it can", { error: nameOf(error) });
    }
  }

  over(): void {
    if (this.#failures > 0) this.#log("the cache can be reached again", { failures: this.#failures });
    this.#failures = 0;
  }
}

const shared = new WeakMap<object, Outage>();

/** Whatever of an isolate calls the cache of an environment tells of its outages as one. */
export function outageOf(environment: object): Outage {
  let outage = shared.get(environment);
  if (!outage) {
    const logger = getLogger(["keepstream", "cache"]);
    outage = new Outage((message, details) => logger.warn(message, details));
    shared.set(environment, outage);
  }
  return outage;
}

/** What went wrong, without the command that met it: the client quotes that, and with it what was to be kept. */
function nameOf(error: unknown): string {
  if (!(error instanceof Error)) return "unknown";
  if (error.name === "UpstashJSONParseError") return error.name;
  const [said = ""] = error.message.split(", command was:");
  return `${error.name}: ${said}`;
}
