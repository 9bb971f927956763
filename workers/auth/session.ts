// Anonymous sessions: `<person>.<signature>`, the same token as a cookie and as a bearer. Nothing is stored; whoever
// holds the token is the person.
import { uuidv7 } from "uuidv7";

const encoder = new TextEncoder();

let known: { secret: string; key: CryptoKey } | undefined;

/** A deployment has one secret, and each request needs it. */
async function hmacKey(secret: string): Promise<CryptoKey> {
  if (known?.secret === secret) return known.key;
  const algorithm = { name: "HMAC", hash: "SHA-256" };
  const key = await crypto.subtle.importKey("raw", encoder.encode(secret), algorithm, false, ["sign", "verify"]);
  known = { secret, key };
  return key;
}

function toBase64Url(bytes: ArrayBuffer): string {
  return btoa(String.fromCharCode(...new Uint8Array(bytes)))
    .replace(/\+/g, "-")
    .replace(/\//g, "_")
    .replace(/=+$/, "");
}

function fromBase64Url(text: string): Uint8Array<ArrayBuffer> | undefined {
  try {
    return Uint8Array.from(atob(text.replace(/-/g, "+").replace(/_/g, "/")), (c) => c.charCodeAt(0));
  } catch {
    return undefined;
  }
}

const PERSON = /^anon:[0-9a-f-]{36}$/;

export interface Session {
  person: string;
  token: string;
}

export async function createSession(secret: string): Promise<Session> {
  const person = `anon:${uuidv7()}`;
  const signature = await crypto.subtle.sign("HMAC", await hmacKey(secret), encoder.encode(person));
  return { person, token: `${person}.${toBase64Url(signature)}` };
}

/** The person a token stands for, or undefined when we did not sign it. */
export async function verifySession(secret: string, token: string): Promise<Session | undefined> {
  const dot = token.lastIndexOf(".");
  const person = token.slice(0, dot);
  const signature = fromBase64Url(token.slice(dot + 1));
  if (!PERSON.test(person) || !signature) return undefined;
  const valid = await crypto.subtle.verify("HMAC", await hmacKey(secret), signature, encoder.encode(person));
  return valid ? { person, token } : undefined;
}
