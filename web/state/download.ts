// Fetches a chat to the reader's downloads; the server names the file.
import { exportUrl } from "../api/chats.ts";

export function downloadChat(id: string, format: "md" | "json"): void {
  const link = document.createElement("a");
  link.href = exportUrl(id, format);
  link.download = "";
  document.body.append(link);
  link.click();
  link.remove();
}
