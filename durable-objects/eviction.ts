// A chat that lies idle gives up its storage: its whole log goes to the archive, is read back and compared, and only then
// leaves the object, but for the chat's own row. The next visit brings it back as it was, with the same offsets.
import type { Archive } from "../archive/archive.ts";
import { digestOf } from "../protocol/digest.ts";
import type { ChunkLog, LogImage } from "./chunk-log.ts";

/** What is left of a log in its place: by which what comes back is recognised. */
export interface Stub {
  /** SHA-256 of each part, as hex. */
  parts: string[];
}

/** What stands in the place of a log that was lost with its object: the archive has it, up to `through`, as it was told of it. */
export interface KeptStub {
  through: number;
}

export const parseStub = (json: string): Stub | KeptStub => JSON.parse(json) as Stub | KeptStub;

/** Text of one part before it is packed, UTF-16 code units: small enough for one request in any script. */
const PART_LENGTH = 1_000_000;
/** A larger log stays where it is: it would not fit into an object's memory twice. */
const MAX_PARTS = 20;

type Store = Pick<Archive, "putPart" | "getPart" | "dropParts">;

/** Puts a whole log into the archive and sees that it is there. Undefined for one that is too large. */
export async function store(log: ChunkLog, archive: Store): Promise<Stub | undefined> {
  const chatId = log.chat?.chatId ?? "";
  const bodies: string[] = [];
  for (const part of log.image(PART_LENGTH)) {
    if (bodies.length === MAX_PARTS) return undefined;
    bodies.push(await pack(JSON.stringify(part)));
  }
  for (const [part, body] of bodies.entries()) await archive.putPart(chatId, part, body);
  await archive.dropParts(chatId, bodies.length);
  for (const [part, body] of bodies.entries()) {
    if ((await archive.getPart(chatId, part)) !== body)
      throw new Error(`part ${part} did not come back as it was sent`);
  }
  return { parts: await Promise.all(bodies.map(digestOf)) };
}

/** What `store` put there, byte for byte. Rejects when it can't be had, or is not what it was. */
export async function fetchBack(chatId: string, { parts }: Stub, archive: Store): Promise<LogImage> {
  const image: LogImage = [];
  for (const [part, digest] of parts.entries()) {
    const body = await archive.getPart(chatId, part);
    if (body === undefined || (await digestOf(body)) !== digest) {
      throw new Error(`part ${part} of the log is not in the archive as it was left there`);
    }
    image.push(...(JSON.parse(await unpack(body)) as LogImage));
  }
  return image;
}

/** Compressed, as base64. */
async function pack(text: string): Promise<string> {
  const bytes = await bytesOf(new Blob([text]).stream().pipeThrough(new CompressionStream("gzip")));
  let binary = "";
  for (let at = 0; at < bytes.length; at += 8_192) binary += String.fromCharCode(...bytes.subarray(at, at + 8_192));
  return btoa(binary);
}

async function unpack(body: string): Promise<string> {
  const bytes = Uint8Array.from(atob(body), (char) => char.charCodeAt(0));
  return new TextDecoder().decode(
    await bytesOf(new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"))),
  );
}

async function bytesOf(stream: ReadableStream): Promise<Uint8Array> {
  return new Uint8Array(await new Response(stream).arrayBuffer());
}
