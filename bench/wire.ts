// HTTP/1.1 and WebSocket as a client, down to the socket: the load must not cost what it measures. All sockets read into
// one buffer, so what is handed on is only valid until the call returns.
import { connect, type Socket } from "node:net";

const shared = Buffer.allocUnsafe(262_144);

export interface Head {
  status: number;
  headers: Map<string, string>;
}

export interface Incoming {
  head?(head: Head): void;
  /** Bytes of the body, or one WebSocket message. */
  bytes(bytes: Buffer): void;
  /** Called once: `complete` when the body came to its own end. */
  end(complete: boolean): void;
}

/** A connection that is open and has sent nothing yet. */
export function open(url: string, incoming: Incoming): Promise<Exchange> {
  return new Promise((resolve, reject) => new Exchange(new URL(url), incoming, resolve, reject));
}

export interface Sending {
  method: string;
  path: string;
  headers?: Record<string, string>;
  body?: string;
}

/** One request on a connection of its own. */
export class Exchange {
  readonly #socket: Socket;
  readonly #host: string;
  readonly #incoming: Incoming;
  #head: Buffer | null = Buffer.alloc(0);
  #body: { feed(bytes: Buffer): boolean } = new Plain(() => {});
  #ended = false;

  constructor(url: URL, incoming: Incoming, opened: (exchange: Exchange) => void, failed: (error: Error) => void) {
    this.#host = url.host;
    this.#incoming = incoming;
    this.#socket = connect({
      host: url.hostname,
      port: Number(url.port),
      noDelay: true,
      onread: {
        buffer: shared,
        callback: (length, buffer) => {
          this.#read((buffer as Buffer).subarray(0, length));
          return true;
        },
      },
    });
    this.#socket.once("connect", () => opened(this));
    this.#socket.on("error", failed);
    this.#socket.once("close", () => this.#end(false));
  }

  send({ method, path, headers = {}, body }: Sending): void {
    const lines = [`${method} ${path} HTTP/1.1`, `host: ${this.#host}`];
    for (const [name, value] of Object.entries(headers)) lines.push(`${name}: ${value}`);
    if (body !== undefined) lines.push(`content-length: ${Buffer.byteLength(body)}`);
    this.#socket.write(`${lines.join("\r\n")}\r\n\r\n${body ?? ""}`);
  }

  /** Breaks the connection off. */
  destroy(): void {
    this.#socket.destroy();
  }

  #read(bytes: Buffer): void {
    let rest = bytes;
    if (this.#head !== null) {
      const all = Buffer.concat([this.#head, bytes]);
      const end = all.indexOf("\r\n\r\n");
      if (end < 0) {
        this.#head = all;
        return;
      }
      this.#head = null;
      this.#begin(parseHead(all.toString("latin1", 0, end)));
      rest = all.subarray(end + 4);
    }
    if (rest.length > 0 && this.#body.feed(rest)) this.#end(true);
  }

  #begin(head: Head): void {
    this.#incoming.head?.(head);
    const onBytes = (bytes: Buffer) => this.#incoming.bytes(bytes);
    if (head.status === 101) this.#body = new Frames(onBytes);
    else if (head.headers.get("transfer-encoding") === "chunked") this.#body = new Chunked(onBytes);
    else this.#body = new Plain(onBytes, Number(head.headers.get("content-length") ?? Number.POSITIVE_INFINITY));
    if (head.headers.get("content-length") === "0" || head.status === 204) this.#end(true);
  }

  #end(complete: boolean): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#socket.destroy();
    this.#incoming.end(complete);
  }
}

function parseHead(text: string): Head {
  const [first = "", ...lines] = text.split("\r\n");
  const headers = new Map<string, string>();
  for (const line of lines) {
    const colon = line.indexOf(":");
    headers.set(line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim());
  }
  return { status: Number(first.split(" ")[1]), headers };
}

type OnBytes = (bytes: Buffer) => void;

/** A body of known length, or to the connection's end. `feed` is true when it is over, as in all of these. */
class Plain {
  readonly #onBytes: OnBytes;
  #left: number;

  constructor(onBytes: OnBytes, length = Number.POSITIVE_INFINITY) {
    this.#onBytes = onBytes;
    this.#left = length;
  }

  feed(bytes: Buffer): boolean {
    this.#onBytes(bytes);
    this.#left -= bytes.length;
    return this.#left <= 0;
  }
}

/** A chunked body. */
class Chunked {
  readonly #onBytes: OnBytes;
  #size = "";
  #left = 0;
  /** Bytes of the line end after a chunk that have yet to come. */
  #lineEnd = 0;

  constructor(onBytes: OnBytes) {
    this.#onBytes = onBytes;
  }

  feed(bytes: Buffer): boolean {
    for (let i = 0; i < bytes.length; ) {
      if (this.#left > 0) {
        const end = Math.min(bytes.length, i + this.#left);
        this.#onBytes(bytes.subarray(i, end));
        this.#left -= end - i;
        i = end;
        if (this.#left === 0) this.#lineEnd = 2;
      } else if (this.#lineEnd > 0) {
        this.#lineEnd -= 1;
        i += 1;
      } else {
        const byte = bytes[i++];
        if (byte !== 10) {
          this.#size += String.fromCharCode(byte ?? 0);
        } else {
          this.#left = Number.parseInt(this.#size, 16);
          this.#size = "";
          if (this.#left === 0) return true;
        }
      }
    }
    return false;
  }
}

const CLOSE = 8;

/** A server's WebSocket frames, each one a whole message. */
class Frames {
  readonly #onBytes: OnBytes;
  #held: Buffer = Buffer.alloc(0);

  constructor(onBytes: OnBytes) {
    this.#onBytes = onBytes;
  }

  feed(bytes: Buffer): boolean {
    let rest = this.#held.length > 0 ? Buffer.concat([this.#held, bytes]) : bytes;
    for (;;) {
      if (rest.length < 2) break;
      const short = (rest[1] ?? 0) & 0x7f;
      const from = short === 126 ? 4 : short === 127 ? 10 : 2;
      if (rest.length < from) break;
      const length = short === 126 ? rest.readUInt16BE(2) : short === 127 ? Number(rest.readBigUInt64BE(2)) : short;
      if (rest.length < from + length) break;
      if (((rest[0] ?? 0) & 0x0f) === CLOSE) return true;
      this.#onBytes(rest.subarray(from, from + length));
      rest = rest.subarray(from + length);
    }
    this.#held = Buffer.from(rest);
    return false;
  }
}
