// Runs every command of our own in docker-compose.local.yml as it stands there, in its order, with its settings and its
// health checks, but as processes of this machine: names and ports lead to free ports of loopback, and servers that this
// machine has stand in for the images of Redis, Postgres and Temporal. So all of the file is tried but the images.
import { type ChildProcess, spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import pg from "pg";
import { afterAll, describe, expect, it } from "vitest";
import { freePort, HOST } from "../../local/ports.ts";
import type { TiersReply } from "../../protocol/requests.ts";
import { isOurs, ROOT, type Service, servicesOf } from "../compose-file.ts";
import { PostgresServer, RedisServer, withoutRealStores } from "../stores/servers.ts";
import { startTemporal, withoutTemporal } from "../temporal.ts";
import { Client } from "./client.ts";
import { eventually } from "./stack.ts";

/** What a service stands in for, under its name and port in the file. */
interface StandIn {
  port: number;
  close(): Promise<void>;
}

const STAND_INS: Record<string, () => Promise<StandIn>> = {
  redis: async () => {
    const server = await RedisServer.start();
    return { port: server.port, close: () => server.dispose() };
  },
  postgres: async () => {
    const server = await PostgresServer.start();
    const client = new pg.Client({ connectionString: server.url });
    await client.connect();
    await client.query("CREATE ROLE keepstream LOGIN SUPERUSER");
    await client.query("CREATE DATABASE keepstream OWNER keepstream");
    await client.end();
    return { port: server.port, close: () => server.dispose() };
  },
  temporal: async () => {
    const { address, close } = await startTemporal();
    return { port: Number(address.split(":")[1]), close };
  },
};
/** What these do, the stand-ins have done. */
const NOT_NEEDED = ["temporal-postgres", "temporal-schema", "temporal-namespace", "temporal-ui"];
const PORTS_OF_IMAGES: Record<string, string> = { redis: "6379", postgres: "5432", temporal: "7233" };

const absent = {
  mvp: undefined,
  redis: withoutRealStores,
  temporal: withoutRealStores ?? withoutTemporal,
};

describe.each(["mvp", "redis", "temporal"] as const)("the profile %s", (profile) => {
  const reason = absent[profile];
  const folder = mkdtempSync(join(tmpdir(), "keepstream-compose-"));
  const closing: (() => unknown)[] = [];
  afterAll(async () => {
    for (const close of closing.reverse()) await close();
    rmSync(folder, { recursive: true, force: true });
  });

  it.skipIf(reason)(
    `comes up and answers in every tier it has${reason ? ` (skipped: ${reason})` : ""}`,
    async () => {
      const services = new Map(servicesOf(profile).filter(([name]) => !NOT_NEEDED.includes(name)));
      const places = await placesOf(services, closing);
      const started = new Map<string, ChildProcess>();
      for (const name of inOrder(services)) {
        const service = services.get(name) as Service;
        if (!isOurs(service)) continue;
        await Promise.all(
          Object.entries(service.depends_on ?? {}).map(async ([other, { condition }]) => {
            const [awaited, child] = [services.get(other), started.get(other)];
            if (!awaited || !child) return;
            if (condition === "service_healthy") await healthy(other, awaited, places);
            else await eventually(`${other} has done its work`, () => child.exitCode === 0);
          }),
        );
        started.set(name, run(name, service, places, folder, closing));
      }
      const edge = [...services.keys()].find((name) => name.startsWith("edge")) ?? "";
      await healthy(edge, services.get(edge) as Service, places);

      const base = `http://${places.get(`${edge}:8787`)}`;
      const { tiers } = (await (await fetch(`${base}/api/tiers`)).json()) as TiersReply;
      const available = tiers.flatMap(({ tier, available }) => (available ? [tier] : []));
      expect(available).toContain(profile);
      const client = await Client.join(base);
      for (const tier of available) {
        const { id } = await client.ask({ prompt: `What is a river, in ${tier}?`, tier });
        await eventually(`an answer of ${tier}`, async () => (await client.status(id)).state === "completed");
      }
    },
    240_000,
  );
});

/** Where each `name:port` of the file is on this machine. */
async function placesOf(services: Map<string, Service>, closing: (() => unknown)[]): Promise<Map<string, string>> {
  const places = new Map<string, string>();
  for (const [name, service] of services) {
    const standIn = await STAND_INS[name]?.();
    if (standIn) closing.push(() => standIn.close());
    const port = PORTS_OF_IMAGES[name] ?? portOf(service);
    if (port) places.set(`${name}:${port}`, `${HOST}:${standIn?.port ?? (await freePort())}`);
  }
  return places;
}

/** Where a service of ours listens. */
function portOf({ environment, command = [] }: Service): string | undefined {
  return environment?.PORT ?? command[command.indexOf("--port") + 1]?.match(/^\d+$/)?.[0];
}

function inOrder(services: Map<string, Service>): string[] {
  const order = new Set<string>();
  const visit = (name: string) => {
    for (const other of Object.keys(services.get(name)?.depends_on ?? {})) if (services.has(other)) visit(other);
    order.add(name);
  };
  for (const name of services.keys()) visit(name);
  return [...order];
}

/** A text of the file as it is meant on this machine, for the service `own`. */
function here(text: string, own: string, port: string | undefined, places: Map<string, string>): string {
  const listening = places.get(`${own}:${port}`)?.split(":")[1];
  if (port !== undefined && text === port) return listening ?? text;
  let meant = text.replace("0.0.0.0", HOST).replace(`${HOST}:${port}`, `${HOST}:${listening}`);
  for (const [place, address] of places) meant = meant.replace(new RegExp(`(?<![\\w-])${place}(?!\\d)`), address);
  return meant;
}

function run(
  name: string,
  service: Service,
  places: Map<string, string>,
  folder: string,
  closing: (() => unknown)[],
): ChildProcess {
  const port = portOf(service);
  const [, ...args] = (service.command ?? []).map((arg) => here(arg, name, port, places));
  const environment = Object.entries(service.environment ?? {}).map(([key, value]) => [
    key,
    here(value, name, port, places),
  ]);
  const child = spawn(process.execPath, args, {
    cwd: ROOT,
    env: {
      ...{ PATH: process.env.PATH ?? "", HOME: process.env.HOME ?? "", KEEPSTREAM_DATA: join(folder, name) },
      ...Object.fromEntries(environment),
    },
    stdio: ["ignore", "pipe", "pipe"],
  });
  let said = "";
  for (const stream of [child.stdout, child.stderr]) {
    stream.on("data", (text) => {
      said = `${said}${text}`.slice(-4_000);
    });
  }
  const ended = new Promise((resolve) => child.once("exit", resolve));
  child.once("exit", (code) => {
    if (code) console.error(`${name} ended with ${code}:\n${said}`);
  });
  closing.push(async () => {
    child.kill("SIGTERM");
    await ended;
  });
  return child;
}

/** Asks by the service's own health check until it is well. */
async function healthy(name: string, service: Service, places: Map<string, string>): Promise<void> {
  const [, , ...args] = (service.healthcheck?.test ?? []).map((arg) => here(arg, name, portOf(service), places));
  await eventually(`${name} is healthy`, async () => {
    const probe = spawn(process.execPath, args, { cwd: ROOT, stdio: "ignore" });
    return (await new Promise((resolve) => probe.once("exit", resolve))) === 0;
  });
}
