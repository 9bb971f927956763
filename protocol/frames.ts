// WebSocket frames: what a reader may say on `/ws/chat/{id}`, and why a socket was closed.
// Server to client each frame is one record as JSON: `{ offset?, type, … }`.
import { z } from "zod";

export const clientFrameSchema = z.discriminatedUnion("type", [
  z.object({ type: z.literal("resume"), offset: z.string() }),
  z.object({ type: z.literal("cancel"), run: z.string() }),
]);
export type ClientFrame = z.infer<typeof clientFrameSchema>;

/** Answered by the platform itself, without waking the chat's object. */
export const PING = "ping";
export const PONG = "pong";

export const CLOSE = {
  done: 1000,
  badRequest: 4400,
  unauthenticated: 4401,
  notYours: 4403,
  unknown: 4404,
  tooSlow: 4408,
  tooMany: 4429,
} as const;
