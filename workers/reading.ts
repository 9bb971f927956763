// Hands a reader on to the chat's object. The object's response goes out untouched, so that its bytes are piped by the
// platform and never enter this Worker's JavaScript.
import type { ChatObject, ReadingRequest } from "../durable-objects/chat.ts";

export function openReading(
  chat: DurableObjectStub<ChatObject>,
  reading: ReadingRequest,
  upgrade?: string,
): Promise<Response> {
  const { start, ...rest } = reading;
  const headers = new Headers({ "x-reading": JSON.stringify(rest) });
  if (upgrade) headers.set("upgrade", upgrade);
  // A prompt has no place in a header: it may be long, and in any script.
  return chat.fetch("https://chat/", start ? { method: "POST", headers, body: JSON.stringify(start) } : { headers });
}
