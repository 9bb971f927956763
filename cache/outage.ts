// The cache's outages, of which an isolate tells as one.
import { getLogger } from "@logtape/logtape";
import { Outage } from "../protocol/outage.ts";

export const CACHE_OUTAGE = {
  began: "the cache can't be reached; answers are made without it until it can",
  over: "the cache can be reached again",
  reasonOf: nameOf,
};

const shared = new WeakMap<object, Outage>();

/** Whatever of an isolate calls the cache of an environment tells of its outages as one. */
export function outageOf(environment: object): Outage {
  let outage = shared.get(environment);
  if (!outage) {
    const logger = getLogger(["keepstream", "cache"]);
    outage = new Outage(CACHE_OUTAGE, (message, details) => logger.warn(message, details));
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
