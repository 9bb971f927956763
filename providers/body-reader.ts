// Reading a response's body by hand, into one buffer that is used again and again.

export interface BodyReader {
  /** The next bytes, at least so many unless the body ends before; undefined at its end. Valid until the next read. */
  read(atLeast: number): Promise<Uint8Array | undefined>;
  cancel(reason?: unknown): Promise<void>;
}

/** As the standard has it; not all runtimes' types do. */
interface MinimumReader {
  read(view: Uint8Array, options: { min: number }): Promise<{ value?: Uint8Array<ArrayBuffer> | undefined }>;
  cancel(reason?: unknown): Promise<void>;
}

/** Larger than a few events of any provider. */
const BUFFER_BYTES = 32_768;

export function readerOf(body: ReadableStream<Uint8Array>): BodyReader {
  const byob = byobReaderOf(body);
  if (!byob) {
    const reader = body.getReader();
    return { read: async () => (await reader.read()).value, cancel: (reason) => reader.cancel(reason) };
  }
  let buffer = new ArrayBuffer(BUFFER_BYTES);
  return {
    async read(atLeast) {
      const { value } = await byob.read(new Uint8Array(buffer), { min: Math.min(atLeast, BUFFER_BYTES) });
      if (value) buffer = value.buffer;
      // What came before the end is said to be done by some runtimes and not by others; the end itself is empty.
      return value?.byteLength ? value : undefined;
    },
    cancel: (reason) => byob.cancel(reason),
  };
}

/** What comes from the network can be read into a buffer of ours; a stream made by other code often can't. */
function byobReaderOf(body: ReadableStream<Uint8Array>): MinimumReader | undefined {
  try {
    return body.getReader({ mode: "byob" }) as unknown as MinimumReader;
  } catch {
    return undefined;
  }
}
