// What is accepted, at most. Every refusal names the limit and the value it got.

/** A request's body, bytes. */
export const MAX_BODY_BYTES = 1_048_576;
/** A prompt, UTF-16 code units: with JSON around it, it stays under a storage row's 2 MB in any script. */
export const MAX_PROMPT_LENGTH = 200_000;
/** A system prompt, UTF-16 code units. */
export const MAX_SYSTEM_LENGTH = 50_000;
/** A chat's title, UTF-16 code units. */
export const MAX_TITLE_LENGTH = 200;
/** The largest `maxOutputTokens` that can be asked for. */
export const MAX_OUTPUT_TOKENS = 200_000;
/** How long an answer may be kept in the cache, seconds: a year. */
export const MAX_CACHE_TTL_SECONDS = 31_536_000;
/** Chats a person may keep. */
export const MAX_CHATS_PER_PERSON = 10_000;
/** Readers (SSE, WebSocket, long-poll) of one chat at once. */
export const MAX_READERS_PER_CHAT = 2_000;
/** Chats that follow one answer while it is made; as many readers of one log were measured, each of them exact. */
export const MAX_FOLLOWERS = 1_000;
/** Answers being produced in one chat at once. */
export const MAX_OPEN_RUNS_PER_CHAT = 8;
/** One reply of the plain read, bytes of records. */
export const MAX_CHUNKS_BYTES = 1_000_000;
/** How long a plain read may wait for something new, seconds. */
export const MAX_WAIT_SECONDS = 30;
/** An `Idempotency-Key`, characters. */
export const MAX_IDEMPOTENCY_KEY_LENGTH = 255;
/** How long an `Idempotency-Key` is remembered, milliseconds. */
export const IDEMPOTENCY_WINDOW_MS = 24 * 3_600_000;
/** Tokens an admin may make, revoked ones too. */
export const MAX_TOKENS = 10_000;
/** Chats that one call brings back from the archive: each is a subrequest, of which the smallest plan has 50. */
export const MAX_RESTORED_AT_ONCE = 40;
/** A search's text, UTF-16 code units. */
export const MAX_QUERY_LENGTH = 200;
