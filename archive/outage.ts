// The archive's outages, of which an isolate tells as one, whichever of its chats meet it.
import { getLogger } from "@logtape/logtape";
import { Outage } from "../protocol/outage.ts";
import { reasonOf } from "./reason.ts";

const WORDS = {
  began: "the archive can't be told; each chat keeps what is new until it can",
  over: "the archive can be told again",
  reasonOf,
};

const shared = new WeakMap<object, Outage>();

/** Whatever of an isolate tells the archive of an environment tells of its outages as one. */
export function archiveOutageOf(environment: object): Outage {
  let outage = shared.get(environment);
  if (!outage) {
    const logger = getLogger(["keepstream", "archive"]);
    outage = new Outage(WORDS, (message, details) => logger.warn(message, details));
    shared.set(environment, outage);
  }
  return outage;
}
