// The API's calls about who the reader is, and about the tokens that let people in.
import type { MadeToken, MeReply, TokenListReply, TokenRequest } from "../../protocol/access.ts";
import { call } from "./client.ts";

export const readMe = (signal: AbortSignal) => call<MeReply>("/api/me", { signal });

/** The browser keeps the token in a cookie that no script can read. */
export const comeIn = (token: string) =>
  call<unknown>("/api/session", { method: "POST", headers: { authorization: `Bearer ${token}` } });

export const goOut = () => call<void>("/api/session", { method: "DELETE" });

export const listTokens = (signal: AbortSignal) => call<TokenListReply>("/api/admin/tokens", { signal });

export const makeToken = (body: TokenRequest) => call<MadeToken>("/api/admin/tokens", { method: "POST", body });

export const revokeToken = (id: string) =>
  call<void>(`/api/admin/tokens/${encodeURIComponent(id)}`, { method: "DELETE" });
