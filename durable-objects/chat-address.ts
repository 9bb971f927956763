// Where a chat's object is. An object's id belongs to its namespace: a chat that the archive brought into another one keeps
// the id that people have of it, as its object's name.
import type { ChatObject } from "./chat.ts";

/** The object of the chat with this id; of an id nobody gave, an object that holds nothing. */
export function chatOf(namespace: DurableObjectNamespace<ChatObject>, chatId: string): DurableObjectStub<ChatObject> {
  return namespace.get(ownId(namespace, chatId) ?? namespace.idFromName(chatId));
}

/** Undefined when the id is not one of this namespace. */
function ownId(namespace: DurableObjectNamespace<ChatObject>, chatId: string): DurableObjectId | undefined {
  try {
    return namespace.idFromString(chatId);
  } catch {
    return undefined;
  }
}
