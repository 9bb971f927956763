// The settings of bridge and worker, read once from their environment. One that is wrong is named, with what it should be.
import { z } from "zod";
import { type ProvidersConfig, parseProvidersConfig } from "../providers/config.ts";

/** Blank is the same as not set. */
const text = z
  .string()
  .trim()
  .optional()
  .transform((value) => value || undefined);
const address = text.pipe(
  z.url({ protocol: /^https?$/, error: "must be an address that begins with http:// or https://" }).optional(),
);
const token = text.pipe(
  z
    .string({ error: "must be set: it is the secret that edge, bridge and worker share" })
    .min(16, "must have at least 16 characters"),
);

const temporalShape = {
  TEMPORAL_ADDRESS: text.transform((value) => value ?? "127.0.0.1:7233"),
  TEMPORAL_NAMESPACE: text.transform((value) => value ?? "default"),
  TEMPORAL_API_KEY: text,
  /** An API key goes over TLS in any case. */
  TEMPORAL_TLS: text.pipe(z.enum(["on", "off"], { error: "must be on or off" }).optional()),
  TEMPORAL_TASK_QUEUE: text.transform((value) => value ?? "keepstream"),
  TEMPORAL_BRIDGE_TOKEN: token,
};

const bridgeSchema = z.object({
  ...temporalShape,
  TEMPORAL_UI_URL: address,
  HOST: text.transform((value) => value ?? "127.0.0.1"),
  PORT: text.transform((value) => Number(value ?? 8790)).pipe(z.int().min(0).max(65_535)),
});

const workerSchema = z.object({
  ...temporalShape,
  EDGE_URL: address.pipe(z.string({ error: "must be set: it is where the worker reaches the edge" })),
  /** Answers at once on one worker: each waits for its provider most of the time. */
  WORKER_ANSWERS: text.transform((value) => Number(value ?? 200)).pipe(z.int().min(1).max(10_000)),
});

export interface TemporalSettings {
  address: string;
  namespace: string;
  apiKey: string | undefined;
  tls: boolean;
  taskQueue: string;
  token: string;
}

export interface BridgeSettings extends TemporalSettings {
  host: string;
  port: number;
  uiUrl: string | undefined;
}

export interface WorkerSettings extends TemporalSettings {
  edgeUrl: string;
  answers: number;
  providers: ProvidersConfig;
}

export function parseBridgeSettings(environment: object): BridgeSettings {
  const env = parse(bridgeSchema, environment);
  return { ...temporal(env), host: env.HOST, port: env.PORT, uiUrl: env.TEMPORAL_UI_URL?.replace(/\/+$/, "") };
}

export function parseWorkerSettings(environment: object): WorkerSettings {
  const env = parse(workerSchema, environment);
  const providers = parseProvidersConfig(environment);
  return { ...temporal(env), edgeUrl: env.EDGE_URL, answers: env.WORKER_ANSWERS, providers };
}

function temporal(env: z.infer<typeof bridgeSchema> | z.infer<typeof workerSchema>): TemporalSettings {
  if (env.TEMPORAL_API_KEY && env.TEMPORAL_TLS === "off") {
    throw new Error(
      "Settings that are not valid: TEMPORAL_TLS is off, and TEMPORAL_API_KEY would be sent in the clear.",
    );
  }
  return {
    address: env.TEMPORAL_ADDRESS,
    namespace: env.TEMPORAL_NAMESPACE,
    apiKey: env.TEMPORAL_API_KEY,
    tls: env.TEMPORAL_TLS ? env.TEMPORAL_TLS === "on" : env.TEMPORAL_API_KEY !== undefined,
    taskQueue: env.TEMPORAL_TASK_QUEUE,
    token: env.TEMPORAL_BRIDGE_TOKEN,
  };
}

function parse<Schema extends z.ZodType>(schema: Schema, environment: object): z.infer<Schema> {
  const { data, error } = schema.safeParse(environment);
  if (!error) return data;
  const wrong = error.issues.map(({ path, message }) => `${String(path[0])} ${message}.`);
  throw new Error(`Settings that are not valid: ${wrong.join(" ")}`);
}
