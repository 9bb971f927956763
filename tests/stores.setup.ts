// Before the tests that need a cache or an archive: lines to the stores, which start when somebody first calls, and a
// server by which tests open lines of their own (`tests/stores/control.ts`). Reaches them as `inject("stores")`.
import { Hono } from "hono";
import type { TestProject } from "vitest/node";
import { HOST } from "../local/ports.ts";
import { listen } from "../local/stores/listen.ts";
import { Line, type LineMode } from "./stores/line.ts";
import { withoutRealStores } from "./stores/servers.ts";
import { archiveSettings, cacheSettings, type StoresKind, TestStores } from "./stores/test-stores.ts";

interface Lines {
  cache: Line;
  archive: Line;
}

export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const stores = { embedded: new TestStores("embedded"), real: new TestStores("real") };
  const lines: Lines[] = [];
  const open = async (kind: StoresKind) => {
    const { cache, archive } = stores[kind];
    const opened = { cache: await Line.to(cache), archive: await Line.to(archive) };
    lines.push(opened);
    return { ...cacheSettings(opened.cache.port), ...archiveSettings(opened.archive.port) };
  };

  const control = new Hono();
  control.post("/lines", async (call) => {
    const asked = await call.req.json<{ kind: StoresKind; stores: (keyof Lines)[] }>();
    for (const store of asked.stores) await stores[asked.kind][store]();
    const settings = await open(asked.kind);
    return call.json({ id: lines.length - 1, settings });
  });
  control.post("/lines/:id", async (call) => {
    const { store, mode } = await call.req.json<{ store: keyof Lines; mode: LineMode | "cut" }>();
    const line = lines[Number(call.req.param("id"))]?.[store];
    if (mode === "cut") line?.cut();
    else await line?.set(mode);
    return call.json({});
  });
  const server = await listen(control, 0);

  project.provide("stores", {
    settings: await open(withoutRealStores === undefined ? "real" : "embedded"),
    withoutReal: withoutRealStores,
    controlUrl: `http://${HOST}:${server.port}`,
  });
  return async () => {
    await server.close();
    for (const { cache, archive } of lines) await Promise.all([cache.close(), archive.close()]);
    await Promise.all([stores.embedded.dispose(), stores.real.dispose()]);
  };
}
