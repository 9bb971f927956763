// Plain HTTP without a client's good manners: what is sent is what was made up, as far as the wire can carry it.
import { request } from "node:http";

export interface Sent {
  method: string;
  path: string;
  headers: Record<string, string>;
  body: string | undefined;
}

export interface Got {
  status: number;
  contentType: string | undefined;
  requestId: string | undefined;
  allow: string | undefined;
  body: string;
  /** It went on until we left: a stream that stays open. */
  open: boolean;
}

/** A stream that says nothing for this long is left; heartbeats come more rarely. */
const SILENCE_MS = 150;
const PATIENCE_MS = 60_000;

/** Rejects when there is no answer at all. */
export function send(origin: string, { method, path, headers, body }: Sent): Promise<Got> {
  return new Promise((resolve, reject) => {
    const outgoing = request(`${origin}/`, { method, path, headers, timeout: PATIENCE_MS }, (incoming) => {
      const { "content-type": contentType, "x-request-id": requestId, allow } = incoming.headers;
      const chunks: Buffer[] = [];
      let silence: NodeJS.Timeout | undefined;
      const done = (open: boolean) => {
        clearTimeout(silence);
        const text = Buffer.concat(chunks).toString();
        const id = typeof requestId === "string" ? requestId : undefined;
        resolve({ status: incoming.statusCode ?? 0, contentType, requestId: id, allow, body: text, open });
        outgoing.destroy();
      };
      const wait = () => {
        clearTimeout(silence);
        if (contentType?.startsWith("text/event-stream")) silence = setTimeout(() => done(true), SILENCE_MS);
      };
      wait();
      incoming.on("data", (chunk: Buffer) => {
        chunks.push(chunk);
        wait();
      });
      incoming.once("end", () => done(false));
      // Bare text of an answer that was not completed is aborted, on purpose.
      incoming.once("error", (error) => (contentType?.startsWith("text/plain") ? done(false) : reject(error)));
    });
    outgoing.once("upgrade", (incoming, socket) => {
      socket.destroy();
      resolve({
        status: incoming.statusCode ?? 0,
        contentType: undefined,
        requestId: undefined,
        allow: undefined,
        body: "",
        open: true,
      });
    });
    outgoing.once("timeout", () => outgoing.destroy(new Error(`no answer within ${PATIENCE_MS} ms`)));
    outgoing.once("error", reject);
    outgoing.end(body);
  });
}
