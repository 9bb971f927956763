// Bindings are not inherited by environments: each must have all that the Worker has when it runs here.
import { resolve } from "node:path";
import { expect, test } from "vitest";
import { unstable_readConfig as readConfig } from "wrangler";

const config = resolve(import.meta.dirname, "../wrangler.toml");
const classes = (parts: { class_name?: string }[]) => parts.map(({ class_name }) => class_name);
const named = (bindings: { name: string }[]) => bindings.map(({ name }) => name).sort();
const brakes = ({ ratelimits = [] }: ReturnType<typeof readConfig>) =>
  ratelimits.map((brake: { namespace_id: string }) => brake.namespace_id);

test.each(["staging", "production"])(
  "%s has all bindings, a name and a brake of its own, and lets in no strangers",
  (env) => {
    const [here, there] = [readConfig({ config }), readConfig({ config, env })];
    expect(there.durable_objects.bindings).toEqual(here.durable_objects.bindings);
    expect(named(there.ratelimits ?? [])).toEqual(named(here.ratelimits ?? []));
    expect(brakes(here)).toHaveLength(2);
    expect(new Set([...brakes(here), ...brakes(there)]).size).toBe(4);
    expect(there.migrations).toEqual(here.migrations);
    expect(there.assets?.run_worker_first).toEqual(here.assets?.run_worker_first);
    expect(there.triggers).toEqual(here.triggers);
    // A free account, whose deploy button takes the part above, can't have one.
    expect([here.limits?.cpu_ms, there.limits?.cpu_ms]).toEqual([undefined, 60_000]);
    expect([there.name, there.vars.AUTH_MODE]).toEqual([`keepstream-${env}`, "token"]);
  },
);

test("containers has all that production has, and bridge and worker besides", () => {
  const [production, there] = [readConfig({ config, env: "production" }), readConfig({ config, env: "containers" })];
  const own = there.durable_objects.bindings.slice(production.durable_objects.bindings.length);
  expect(there.durable_objects.bindings).toEqual([...production.durable_objects.bindings, ...own]);
  expect(classes(own)).toEqual(classes(there.containers ?? []));
  expect(there.migrations.slice(0, -1)).toEqual(production.migrations);
  expect(named(there.ratelimits ?? [])).toEqual(named(production.ratelimits ?? []));
  expect(new Set([...brakes(production), ...brakes(there)]).size).toBe(4);
  expect(there.assets?.run_worker_first).toEqual(production.assets?.run_worker_first);
  expect([there.name, there.vars]).toEqual(["keepstream-containers", production.vars]);
});
