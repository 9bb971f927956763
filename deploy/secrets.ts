// What a deployment is given of its settings: those of `.dev.vars.<environment>` and of this environment, as secrets.
// What only a machine at somebody's desk needs stays there.
import { FOR_CONTAINERS, HANDED_ON, type Vars } from "../local/settings.ts";

/** Fixed by wrangler.toml, or of no use in the cloud. */
const NOT_SECRETS = new Set(["AUTH_MODE", "SCRIPTED_PROVIDERS", "NEON_FETCH_ENDPOINT"]);
const forContainers: ReadonlySet<string> = new Set(FOR_CONTAINERS);
/** One is enough. */
const PROVIDERS = ["OPENAI_API_KEY", "ANTHROPIC_API_KEY", "COMPATIBLE_BASE_URL"];
const LOOPBACK = /^https?:\/\/(localhost|127\.|\[::1\])/;

export interface Secrets {
  secrets: Vars;
  /** What is left out, and why. */
  notes: string[];
}

export function chooseSecrets(given: Vars, containers: boolean): Secrets {
  const secrets: Vars = {};
  const notes: string[] = [];
  for (const name of HANDED_ON) {
    const value = given[name]?.trim();
    if (!value || NOT_SECRETS.has(name) || (!containers && forContainers.has(name))) continue;
    if (LOOPBACK.test(value)) notes.push(`${name} is left out: ${value} is this machine, which the cloud can't reach.`);
    else secrets[name] = value;
  }
  return { secrets, notes };
}

/** What keeps a deployment from starting, in the words of its own check; null when nothing does. */
export function missingFor(mode: string, names: ReadonlySet<string>): string | null {
  if (mode === "access" && !(names.has("ACCESS_TEAM_DOMAIN") && names.has("ACCESS_AUD"))) {
    return "AUTH_MODE=access needs ACCESS_TEAM_DOMAIN and ACCESS_AUD.";
  }
  if (PROVIDERS.some((name) => names.has(name))) return null;
  return `Nobody could be answered: one of ${PROVIDERS.join(", ")} is needed.`;
}
