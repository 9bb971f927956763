// That docker-compose.local.yml fits the tree and itself. `npm run check:compose` holds it against the specification's
// schema; `tests/journeys/compose.test.ts` runs what it says.
import { existsSync, readFileSync } from "node:fs";
import { resolve } from "node:path";
import { describe, expect, it } from "vitest";
import { HANDED_ON } from "../local/settings.ts";
import { composeFile, isOurs, PROFILES, ROOT, type Service, servicesOf } from "./compose-file.ts";

const all = Object.entries(composeFile.services);
/** Postgres has two numbers. */
const EXACT = /^(?:postgres:\d+\.\d+|[\w./-]+:\d+\.\d+\.\d+)(?:-[\w.]+)?$/;

it("each profile has what the ones before it have, and one edge", () => {
  const names = (profile: string) => servicesOf(profile).map(([name]) => name.replace(/^edge-.*/, "edge"));
  expect(names("mvp")).toEqual(["model", "edge"]);
  expect(names("redis")).toEqual([...names("mvp"), "redis", "cache", "postgres", "archive", "migrate"]);
  expect(names("temporal")).toEqual(expect.arrayContaining([...names("redis"), "temporal-ui", "bridge", "worker"]));
});

describe.each(all)("%s", (_, service: Service) => {
  it("is of an exact image", () => {
    expect(service.image).toMatch(EXACT);
    if (!service.build) return;
    const dockerfile = readFileSync(resolve(ROOT, service.build.context, service.build.dockerfile), "utf8");
    const bases = [...dockerfile.matchAll(/^FROM (\S+)/gm)].map(([, image = ""]) => image);
    expect(bases.length).toBeGreaterThan(0);
    // workerd and Temporal's core run on glibc alone.
    for (const base of bases) expect(base).toMatch(/:\d+\.\d+\.\d+-bookworm/);
    expect(dockerfile).toMatch(/^USER (?!root)/m);
  });

  it("waits only for what is in its profiles, and can be waited for", () => {
    for (const [name, { condition }] of Object.entries(service.depends_on ?? {})) {
      const awaited = composeFile.services[name];
      expect(awaited?.profiles).toEqual(expect.arrayContaining(service.profiles));
      if (condition === "service_healthy") expect(awaited?.healthcheck).toBeDefined();
      else
        expect([condition, awaited?.restart]).toEqual([
          "service_completed_successfully",
          expect.stringMatching(/^on-failure/),
        ]);
    }
  });

  it("is reached from this machine alone", () => {
    for (const port of service.ports ?? []) expect(port).toMatch(/^127\.0\.0\.1:\d+:\d+$/);
  });

  it("keeps what it keeps in a volume that is declared", () => {
    for (const volume of service.volumes ?? [])
      expect(Object.keys(composeFile.volumes)).toContain(volume.split(":")[0]);
  });

  if (!isOurs(service)) return;

  it("runs a program that is there", () => {
    const [node, ...args] = service.command ?? [];
    expect(node).toBe("node");
    const programs = [...args, ...(service.healthcheck?.test ?? [])].filter((arg) => arg.endsWith(".ts"));
    expect(programs.length).toBeGreaterThan(0);
    for (const program of programs) expect(existsSync(resolve(ROOT, program)), program).toBe(true);
  });

  it("is told of services by where they listen", () => {
    for (const value of Object.values(service.environment ?? {})) {
      const [, host = "", port] = /^\w+:\/\/(?:\w+:[\w-]+@)?([\w-]+):(\d+)/.exec(value) ?? [];
      const other = composeFile.services[host];
      if (host === "" || host === "localhost") continue;
      expect(other?.profiles, value).toEqual(expect.arrayContaining(service.profiles));
      if (other && isOurs(other)) expect(`${other.environment?.PORT} ${other.command?.join(" ")}`).toContain(port);
    }
  });
});

it("no two services of a profile take the same port of this machine", () => {
  for (const profile of PROFILES) {
    const ports = servicesOf(profile).flatMap(([, { ports = [] }]) => ports.map((port) => port.split(":")[1]));
    expect(new Set(ports).size).toBe(ports.length);
  }
});

it("an edge is told nothing that it does not know", () => {
  const launcher =
    readFileSync(resolve(ROOT, "local/start.ts"), "utf8") +
    readFileSync(resolve(ROOT, "local/temporal/part.ts"), "utf8");
  for (const [, { environment = {} }] of all.filter(([name]) => name.startsWith("edge"))) {
    for (const name of Object.keys(environment)) {
      expect((HANDED_ON as readonly string[]).includes(name) || launcher.includes(name), name).toBe(true);
    }
  }
});
