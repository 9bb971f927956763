// A chat as a document somebody keeps.
import type { ChatReply } from "../protocol/requests.ts";

export function toMarkdown(chat: ChatReply): string {
  const parts = chat.messages.map(({ role, text, model, status }) => {
    const ended = status && status !== "completed" && status !== "running" ? ` (${status})` : "";
    return `## ${role === "user" ? "You" : `${model ?? "Assistant"}${ended}`}\n\n${text}\n`;
  });
  return `# ${chat.title}\n\n${parts.join("\n")}`;
}

/** A name that every file system takes. */
export function fileName(title: string, extension: string): string {
  const name = title
    .normalize("NFKD")
    .replace(/[^\w\- ]+/g, "")
    .trim()
    .replace(/\s+/g, "-")
    .slice(0, 60);
  return `${name || "chat"}.${extension}`;
}
