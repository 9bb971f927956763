// Values for a schema, in three moods: what it asks for, what is almost that, and whatever there is.
import type { Random } from "../simulation/random.ts";
import { type Document, type JsonSchema, resolve } from "./openapi.ts";

export type Mood = "valid" | "nearly" | "wild";

/** Strings that have broken things: edges of encodings, of SQL, of search, of headers, of JSON. */
const NASTY = [
  "",
  " ",
  "\u0000",
  "\ud800",
  "a\udfffb",
  "\ufeff",
  "\u202e",
  "é\u0301",
  "👩‍💻",
  "脑語한",
  "'; DROP TABLE chats; --",
  '"',
  "\\",
  "%00",
  "../../etc/passwd",
  "*",
  "a OR b",
  "NEAR(a b)",
  "text:x",
  "null",
  "__proto__",
  "constructor",
  "-1",
  "now",
  "NaN",
  "0".repeat(64),
  "f".repeat(64),
  `${"0".repeat(64)}.1`,
  "ffffffffffff",
  "\r\nx: y",
] as const;

const NUMBERS = [0, -0, 1, -1, 0.5, 30, 31, 255, 1e9, -1e9, 2 ** 31, 2 ** 53, 1e308, 5e-324] as const;

export function anyString(random: Random): string {
  if (random.chance(0.4)) return random.pick(NASTY);
  let text = "";
  for (let length = random.between(0, 40); length > 0; length--) {
    text += String.fromCharCode(random.chance(0.7) ? random.between(32, 126) : random.between(0, 0xffff));
  }
  return text;
}

export function anyValue(random: Random, depth = 0): unknown {
  const kind = random.between(0, depth > 2 ? 3 : 5);
  if (kind === 0) return random.pick([null, true, false]);
  if (kind <= 1) return random.pick(NUMBERS);
  if (kind <= 3) return anyString(random);
  const entries = Array.from({ length: random.between(0, 3) }, () => anyValue(random, depth + 1));
  return kind === 4 ? entries : Object.fromEntries(entries.map((value) => [anyString(random), value]));
}

/** A value that fits the schema. `known` are strings the server gave, by the name of the field they fit. */
export function valid(
  schema: JsonSchema,
  document: Document,
  random: Random,
  known: (name: string) => string | undefined,
  name = "",
): unknown {
  const each = resolve(schema, document);
  const again = (inner: JsonSchema, as = name) => valid(inner, document, random, known, as);
  const choices = each.anyOf ?? each.oneOf;
  if (choices) return again(random.pick(choices));
  if (each.enum) return random.pick(each.enum);
  const type = Array.isArray(each.type) ? random.pick(each.type) : each.type;
  if (type === "null") return null;
  if (type === "boolean") return random.chance(0.5);
  if (type === "integer") return random.between(each.minimum ?? -100, Math.min(each.maximum ?? 100, 5_000));
  if (type === "number") return (each.minimum ?? 0) + random.next() * ((each.maximum ?? 100) - (each.minimum ?? 0));
  if (type === "array") return Array.from({ length: random.between(0, 3) }, () => again(each.items ?? {}));
  if (type === "object") {
    const fields = Object.entries(each.properties ?? {}).filter(
      ([field]) => each.required?.includes(field) || random.chance(0.4),
    );
    return Object.fromEntries(fields.map(([field, inner]) => [field, again(inner, field)]));
  }
  const given = random.chance(0.8) ? known(name) : undefined;
  if (given !== undefined) return given;
  const text = anyString(random).slice(0, each.maxLength ?? 100);
  return text.padEnd(each.minLength ?? 0, "x");
}

/** A value in this mood. `nearly` takes one that fits and spoils one thing of it. */
export function valueFor(
  mood: Mood,
  schema: JsonSchema,
  document: Document,
  random: Random,
  known: (name: string) => string | undefined,
  name = "",
): unknown {
  if (mood === "wild") return anyValue(random);
  const value = valid(schema, document, random, known, name);
  return mood === "valid" ? value : spoil(value, resolve(schema, document), random);
}

function spoil(value: unknown, schema: JsonSchema, random: Random): unknown {
  if (typeof value === "object" && value !== null && !Array.isArray(value)) {
    const fields = Object.keys(schema.properties ?? value);
    const spoilt: Record<string, unknown> = { ...value };
    const field = fields.length > 0 ? random.pick(fields) : "x";
    const how = random.between(0, 4);
    if (how === 0) spoilt[anyString(random)] = anyValue(random);
    else if (how === 1) delete spoilt[field];
    else spoilt[field] = random.chance(0.5) ? anyValue(random) : spoil(spoilt[field], {}, random);
    return spoilt;
  }
  if (typeof value === "number") return random.pick([value + 1e9, -value - 1, value + 0.5, String(value)]);
  if (typeof value === "string") {
    const at = random.between(0, value.length);
    return random.pick([
      value.slice(0, at),
      value.slice(0, at) + anyString(random) + value.slice(at),
      value.toUpperCase(),
      value.repeat(random.between(2, 400)).slice(0, 300_000),
    ]);
  }
  return anyValue(random);
}
