// A provider that says word for word what its table says: for text that no scripted answer has.
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";

export interface EchoModel {
  /** As `COMPATIBLE_BASE_URL` takes it. */
  url: string;
  close(): Promise<void>;
}

const MODEL = "echo";
/** Pieces of this many characters, so that what is dangerous is cut in its middle too. */
const PIECE = 7;

/** `textOf` says the answer to a prompt. */
export async function startEchoModel(textOf: (prompt: string) => string): Promise<EchoModel> {
  const server = createServer(async (request, response) => {
    if (request.method === "GET") {
      response.setHeader("content-type", "application/json");
      response.end(JSON.stringify({ object: "list", data: [{ id: MODEL, object: "model" }] }));
      return;
    }
    let body = "";
    for await (const chunk of request) body += chunk;
    const { messages } = JSON.parse(body) as { messages: { role: string; content: string }[] };
    const text = [...textOf(messages.findLast(({ role }) => role === "user")?.content ?? "")];
    response.setHeader("content-type", "text/event-stream");
    const say = (delta: object, finish: string | null) =>
      response.write(
        `data: ${JSON.stringify({ id: "1", object: "chat.completion.chunk", model: MODEL, choices: [{ index: 0, delta, finish_reason: finish }] })}\n\n`,
      );
    for (let at = 0; at < text.length; at += PIECE) say({ content: text.slice(at, at + PIECE).join("") }, null);
    say({}, "stop");
    response.end("data: [DONE]\n\n");
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}/v1`,
    close: () =>
      new Promise((resolve) => {
        server.closeAllConnections();
        server.close(() => resolve());
      }),
  };
}

/** The settings that make it a stack's only model. */
export const echoSettings = ({ url }: EchoModel): Record<string, string> => ({
  COMPATIBLE_BASE_URL: url,
  COMPATIBLE_API_KEY: "any",
  COMPATIBLE_MODELS: MODEL,
  DEFAULT_PROVIDER: "compatible",
  DEFAULT_MODEL: MODEL,
});
