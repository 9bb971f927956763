// The WebSocket's constants: its sign of life, and why one was closed. Apart from the frames' schemas, so that the page
// carries no validator.

/** Answered by the platform itself, without waking the chat's object. */
export const PING = "ping";
export const PONG = "pong";

export const CLOSE = {
  done: 1000,
  badRequest: 4400,
  unauthenticated: 4401,
  forbidden: 4403,
  unknown: 4404,
  tooSlow: 4408,
  tooMany: 4429,
} as const;
