// One made-up request to one operation: each of its parts in a mood of its own.
import type { Random } from "../simulation/random.ts";
import type { Document, Operation } from "./openapi.ts";
import { anyString, type Mood, valueFor } from "./values.ts";
import type { Sent } from "./wire.ts";

/** What the server gave so far, by the name of the field it fits. */
export type Known = Map<string, string[]>;

const MOODS: readonly Mood[] = ["valid", "valid", "valid", "valid", "nearly", "wild"];
const ACCEPTS = ["*/*", "application/json", "text/event-stream", "text/plain", "text/html", "x", ""] as const;
const TYPES = ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x", "x", ""] as const;
/** Quick models, faults among them, so that every kind of end is met. */
const MODELS = [
  "tokens-5-rate-0",
  "tokens-30-rate-0-misaligned",
  "401",
  "refusal",
  "tokens-20-rate-0-cut-9-once",
  "nonsense",
];

/** `gently`: as it should be, so that it may work. */
export function makeUp(operation: Operation, document: Document, known: Known, random: Random, gently: boolean): Sent {
  const anyMood = () => (gently ? "valid" : random.pick(MOODS));
  const lookUp = (name: string) => {
    if (name === "model") return `scripted-${random.pick(MODELS)}`;
    const given = known.get(name);
    return given && given.length > 0 ? random.pick(given) : undefined;
  };
  const headers: Record<string, string> = {};
  const query: string[] = [];
  let { path } = operation;
  for (const { name, in: place, required, schema } of operation.parameters) {
    if (!required && (gently || random.chance(0.5))) continue;
    const value = valueFor(anyMood(), schema, document, random, lookUp, name);
    // A wait that is granted is waited for: a short one will do.
    const waited = name === "wait" && Number(value) > 0.1 && Number(value) <= 30 ? 0.1 : value;
    const text = typeof waited === "string" ? waited : String(JSON.stringify(waited));
    if (place === "path") path = path.replace(`{${name}}`, encode(text, random) || "x");
    else if (place === "query") query.push(`${name}=${encode(text, random)}`);
    else headers[name] = headerSafe(text);
  }
  const accept = random.pick(ACCEPTS);
  if (accept) headers.accept = accept;
  if (path.startsWith("/ws/") && (gently || random.chance(0.5))) Object.assign(headers, HANDSHAKE);
  if (!gently && random.chance(0.05)) headers.authorization = headerSafe(`Bearer ${anyString(random)}`);
  const target = query.length > 0 ? `${path}?${query.join("&")}` : path;
  if (!operation.body) return { method: operation.method, path: target, headers, body: undefined };

  const mood = anyMood();
  const value = valueFor(mood, operation.body, document, random, lookUp);
  // An ask without a prompt, or of a tier that is off, is the exception.
  if (mood === "valid" && operation.path.endsWith("/generate") && random.chance(0.8)) {
    const ask = value as Record<string, unknown>;
    ask.prompt ??= lookUp("prompt");
    delete ask.tier;
  }
  let body = String(JSON.stringify(value));
  if (!gently && random.chance(0.03)) body = body.slice(0, random.between(0, body.length));
  headers["content-type"] = gently || random.chance(0.95) ? "application/json" : random.pick(TYPES);
  return { method: operation.method, path: target, headers, body };
}

const HANDSHAKE = {
  connection: "Upgrade",
  upgrade: "websocket",
  "sec-websocket-version": "13",
  "sec-websocket-key": "a2VlcHN0cmVhbS1mdXp6IQ==",
};

/** Percent-encoded, and now and then wrongly so. */
function encode(text: string, random: Random): string {
  const encoded = encodeURIComponent(text.toWellFormed());
  if (random.chance(0.97)) return encoded;
  return `${encoded}${random.pick(["%", "%zz", "%ff", "%ED%A0%80", "%00", "%2f", "+"])}`;
}

/** What HTTP can carry in a header: one line of Latin-1. */
const headerSafe = (text: string) => text.replace(/[^\t\x20-\x7e\x80-\xff]/g, "?");
