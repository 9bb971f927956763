// Hands a reader on to the chat's object. The object's response goes out untouched, so that its bytes are piped by the
// platform and never enter this Worker's JavaScript.
import type { ChatObject, ReadingRequest } from "../durable-objects/chat.ts";

export function openReading(
  chat: DurableObjectStub<ChatObject>,
  reading: ReadingRequest,
  upgrade?: string,
): Promise<Response> {
  const headers = new Headers({ "x-reading": JSON.stringify(reading) });
  if (upgrade) headers.set("upgrade", upgrade);
  return chat.fetch("https://chat/", { headers });
}
