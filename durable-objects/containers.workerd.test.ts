// The two classes with the platform's own part played: no container runs here, and what would run in one is told apart by
// what it is started with.
import { runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { expect, test } from "vitest";
import { bridgeOf } from "./bridge-client.ts";
import { BridgeContainer, WorkerContainer } from "./containers.ts";

interface Started {
  entrypoint?: string[];
  env?: Record<string, string>;
}

/** As `ctx.container`: it starts at once, and answers on its port with what it was asked. */
class PlayedContainer {
  running = false;
  readonly started: Started[] = [];

  start(options: Started): void {
    this.running = true;
    this.started.push(options);
  }

  monitor(): Promise<void> {
    return new Promise(() => {});
  }

  getTcpPort(port: number) {
    return { fetch: async (asked: Request | string) => Response.json({ port, url: new Request(asked).url }) };
  }
}

const settings = {
  TEMPORAL_ADDRESS: "one.tmprl.cloud:7233",
  TEMPORAL_BRIDGE_TOKEN: "sixteen characters",
  OPENAI_API_KEY: "sk-1",
  SESSION_SECRET: "secret",
};

/** An object of one of the classes, over the storage of some other. */
async function inContainer<T>(body: (state: DurableObjectState, played: PlayedContainer) => Promise<T>): Promise<T> {
  const stub = env.DEPLOYMENT.get(env.DEPLOYMENT.newUniqueId());
  return runInDurableObject(stub, async (_, state) => {
    const played = new PlayedContainer();
    Object.defineProperty(state, "container", { value: played });
    return body(state, played);
  });
}

test("a question to the bridge starts it, reaches its port, and wakes the worker", async () => {
  let woken = 0;
  const workers = { getByName: () => ({ wake: async () => void woken++ }) };
  await inContainer(async (state, played) => {
    const environment = { ...settings, BRIDGE_WORKER: workers } as unknown as Env;
    const bridge = new BridgeContainer(state, environment);
    const reply = await bridge.fetch(new Request("http://bridge/workflows/1"));
    expect(await reply.json()).toMatchObject({ port: 8790, url: "http://bridge/workflows/1" });
    expect(played.started).toMatchObject([
      {
        entrypoint: ["node", "temporal-bridge/server.ts"],
        env: { TEMPORAL_ADDRESS: settings.TEMPORAL_ADDRESS, TEMPORAL_BRIDGE_TOKEN: settings.TEMPORAL_BRIDGE_TOKEN },
      },
    ]);
    expect(Object.keys(played.started[0]?.env ?? {})).toHaveLength(2);
    await bridge.fetch(new Request("http://bridge/workflows/1"));
    expect([played.started.length, woken]).toEqual([1, 2]);
  });
});

test("a worker that is woken runs, and one that crashed runs again", async () => {
  await inContainer(async (state, played) => {
    const worker = new WorkerContainer(state, settings as unknown as Env);
    await worker.wake();
    await worker.wake();
    expect(played.started).toMatchObject([
      { entrypoint: ["node", "temporal-bridge/worker.ts"], env: { OPENAI_API_KEY: "sk-1" } },
    ]);
    expect(played.started[0]?.env).not.toHaveProperty("SESSION_SECRET");
    played.running = false;
    await worker.wake();
    expect(played.started).toHaveLength(2);
  });
});

test("a deployment with containers asks the bridge in its own, unless it was given an address", async () => {
  const asked: string[] = [];
  const bridges = {
    getByName: () => ({
      fetch: async (url: string) => {
        asked.push(url);
        return Response.json({ status: "ok" });
      },
    }),
  };
  expect(await bridgeOf({ ...settings, BRIDGE: bridges })?.health()).toEqual({ ok: true, value: null });
  expect(asked).toEqual(["http://bridge/health"]);
  expect(bridgeOf({ ...settings, TEMPORAL_BRIDGE_TOKEN: "", BRIDGE: bridges })).toBeNull();
  const elsewhere = bridgeOf({ ...settings, BRIDGE: bridges, TEMPORAL_BRIDGE_URL: "http://127.0.0.1:9" });
  expect(await elsewhere?.health()).toMatchObject({ ok: false, why: "unreachable" });
  expect(asked).toHaveLength(1);
});
