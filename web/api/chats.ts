// The API's calls, one function each, typed by the protocol. Nothing else in the page knows a path.

import type { SharedChat, ShareReply } from "../../protocol/access.ts";
import type { WireRecord } from "../../protocol/records.ts";
import type {
  CancelReply,
  ChatListReply,
  ChatReply,
  ChatSummary,
  GenerateReply,
  GenerateRequest,
  ModelsReply,
  SearchReply,
  TiersReply,
} from "../../protocol/requests.ts";
import { call } from "./client.ts";

const chatPath = (id: string) => `/api/chats/${encodeURIComponent(id)}`;

/** Starts a run. The same key again gives the same run, so a retry never pays twice. */
export const generate = (body: GenerateRequest, idempotencyKey: string) =>
  call<GenerateReply>("/api/chat/generate", {
    method: "POST",
    body,
    headers: { "idempotency-key": idempotencyKey },
  });

export const cancel = (runId: string) =>
  call<CancelReply>(`/api/chat/cancel/${encodeURIComponent(runId)}`, { method: "POST" });

export const listChats = (cursor: string | null, signal: AbortSignal) =>
  call<ChatListReply>(cursor === null ? "/api/chats" : `/api/chats?cursor=${encodeURIComponent(cursor)}`, { signal });

export const readChat = (id: string) => call<ChatReply>(chatPath(id));

/** How long a page of a chat's past may take; the socket brings what has not come, ms. */
const PAST_TIMEOUT = 8_000;

/** A page of a chat's promised records after an offset. */
export const readRecords = (id: string, offset: string) =>
  call<{ records: WireRecord[] }>(`/api/chat/chunks/${encodeURIComponent(id)}?offset=${encodeURIComponent(offset)}`, {
    signal: AbortSignal.timeout(PAST_TIMEOUT),
  });

export const renameChat = (id: string, title: string) =>
  call<ChatSummary>(chatPath(id), { method: "PATCH", body: { title } });

/** `keepalive`: the page may be closing. */
export const deleteChat = (id: string, keepalive = false) => call<void>(chatPath(id), { method: "DELETE", keepalive });

/** A chat's link for others; the same one until it is taken back. */
export const shareChat = (id: string) => call<ShareReply>(`${chatPath(id)}/share`, { method: "POST" });
export const unshareChat = (id: string) => call<void>(`${chatPath(id)}/share`, { method: "DELETE" });
export const readShared = (token: string) => call<SharedChat>(`/api/shared/${encodeURIComponent(token)}`);

export const exportUrl = (id: string, format: "md" | "json") => `${chatPath(id)}/export?format=${format}`;

export const search = (q: string, signal: AbortSignal) =>
  call<SearchReply>(`/api/search?q=${encodeURIComponent(q)}`, { signal });

export const readModels = () => call<ModelsReply>("/api/models");
export const readTiers = () => call<TiersReply>("/api/tiers");
