// One endpoint as a program of its own, as compose runs it: `node local/stores/serve.ts cache` in front of the Redis at
// REDIS_URL, or `… archive` in front of the Postgres at POSTGRES_URL. HOST and PORT say where it listens, STORE_SECRET
// what callers have to show.
import { HOST, parsePort } from "../ports.ts";
import { startEndpoint } from "./endpoint.ts";

const KINDS = {
  cache: { protocol: "upstash", url: process.env.REDIS_URL, name: "REDIS_URL" },
  archive: { protocol: "neon", url: process.env.POSTGRES_URL, name: "POSTGRES_URL" },
} as const;

const [kind] = process.argv.slice(2);
const { HOST: host = HOST, PORT, STORE_SECRET: secret } = process.env;
if (kind !== "cache" && kind !== "archive") fail("Say which: cache or archive.");
const { protocol, url, name } = KINDS[kind];
if (!url) fail(`${name} says where the server is.`);
if (!secret) fail("STORE_SECRET says what callers have to show.");

const endpoint = await startEndpoint({ protocol, store: { url }, secret, host, port: parsePort(PORT, 0) });
console.log(`The ${kind}'s endpoint listens on ${host}:${endpoint.port}`);
for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => void endpoint.close());

function fail(message: string): never {
  console.error(message);
  process.exit(2);
}
