// The temporal tier's part of the local stack: a Temporal server, the bridge in front of it, and the worker, each a
// process of its own that is started again when it dies. Where there is no Temporal server, the tier is off.
import { randomBytes } from "node:crypto";
import { join, resolve } from "node:path";
import { SEARCH_ATTRIBUTES } from "../../temporal-bridge/attributes.ts";
import { type KeptProcess, keepRunning } from "../kept-process.ts";
import { freePort, HOST } from "../ports.ts";
import type { Vars } from "../settings.ts";
import { devServer } from "./dev-server.ts";
import { isHeld, release } from "./hold.ts";
import { findTemporal } from "./program.ts";

const ROOT = resolve(import.meta.dirname, "../..");
/** The programs' files: by them their processes are known among others, too. */
export const BRIDGE = join(ROOT, "temporal-bridge/server.ts");
export const WORKER = join(ROOT, "temporal-bridge/worker.ts");

/** A worker that is asked to stop lets go of its answers; one that is killed loses nothing, so nobody waits long. */
const WORKER_PATIENCE_MS = 2_500;
const PATIENCE_MS = 1_000;

export interface TemporalPart {
  /** Why there is none; null where there is. */
  off: string | null;
  /** What the Worker is told. */
  vars: Vars;
  /** What the person is told: where its own page is, or where the server is. */
  place: { name: string; where: string } | null;
  /** Starts bridge and worker. Called when the edge takes requests: the page does not wait for them. */
  attend(edge: { url: string; vars: Vars }): void;
  /** Ends bridge and worker, the worker first. */
  dismiss(): Promise<void>;
  /** Ends the Temporal server, where it is ours. */
  stop(): Promise<void>;
}

export interface PartOptions {
  /** All that is set, from the environment and the file. */
  set: NodeJS.ProcessEnv;
  /** The data folder. */
  data: string;
  log(line: string): void;
}

/** Finds a Temporal server and begins to start it; does not wait until it is up. */
export async function temporalPart({ set, data, log }: PartOptions): Promise<TemporalPart> {
  release(data);
  const value = (name: string) => set[name]?.trim() || undefined;
  const bridge = value("TEMPORAL_BRIDGE_URL");
  if (bridge) return { ...NOTHING, off: null, place: { name: "Bridge", where: bridge } };
  if (value("FIND_TEMPORAL") === "off") return { ...NOTHING, off: "FIND_TEMPORAL=off." };
  const found = findTemporal(set);
  if (found.kind === "none") return { ...NOTHING, off: found.reason };

  let server: KeptProcess | undefined;
  let address: string;
  let ui: string | null = null;
  if (found.kind === "program") {
    const searchAttributes = SEARCH_ATTRIBUTES;
    const own = await devServer({ program: found.path, folder: join(data, "temporal"), searchAttributes, ui: true });
    server = keepRunning({ name: "temporal", ...own, log, quiet: true });
    ({ address, ui } = own);
  } else {
    address = found.address;
  }

  const url = `http://${HOST}:${await freePort()}`;
  const token = value("TEMPORAL_BRIDGE_TOKEN") ?? randomBytes(24).toString("base64url");
  const vars = { TEMPORAL_BRIDGE_URL: url, TEMPORAL_BRIDGE_TOKEN: token };
  const running: KeptProcess[] = [];
  return {
    off: null,
    vars,
    place: { name: "Temporal", where: ui ?? address },
    attend(edge) {
      const env = {
        ...set,
        TEMPORAL_ADDRESS: address,
        TEMPORAL_BRIDGE_TOKEN: token,
        LOG_LEVEL: edge.vars.LOG_LEVEL,
        ...(ui && { TEMPORAL_UI_URL: ui }),
      };
      const node = { command: process.execPath, log };
      const port = new URL(url).port;
      running.push(
        keepRunning({ ...node, name: "bridge", args: [BRIDGE], env: { ...env, HOST, PORT: port } }),
        keepRunning({
          ...node,
          name: "worker",
          args: [WORKER],
          // It asks the same providers as the edge, under the same settings.
          env: { ...env, ...edge.vars, EDGE_URL: value("EDGE_URL") ?? edge.url },
          held: () => isHeld(data),
        }),
      );
    },
    async dismiss() {
      const [bridgeProcess, worker] = running;
      await worker?.stop(WORKER_PATIENCE_MS);
      await bridgeProcess?.stop(PATIENCE_MS);
    },
    stop: async () => server?.stop(PATIENCE_MS),
  };
}

const NOTHING = { vars: {}, place: null, attend: () => {}, dismiss: async () => {}, stop: async () => {} };
