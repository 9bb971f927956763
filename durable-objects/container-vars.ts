// What bridge and worker are told of a deployment's settings when they run in its containers: what each of them reads, by
// the names under which the Worker has it, and nothing else.

/** By which name bridge and worker are found: there is one of each. */
export const CONTAINER = "one";

const BRIDGE = /^TEMPORAL_/;
const WORKER = /^(TEMPORAL|OPENAI|ANTHROPIC|COMPATIBLE|PROVIDER)_|^(EDGE_URL|WORKER_ANSWERS|SCRIPTED_PROVIDERS)$/;

export function containerVars(environment: object, program: "bridge" | "worker"): Record<string, string> {
  const names = program === "bridge" ? BRIDGE : WORKER;
  const told = Object.entries(environment).filter(([name, value]) => names.test(name) && typeof value === "string");
  return Object.fromEntries(told.filter(([, value]) => value.trim()));
}
