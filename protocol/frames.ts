// WebSocket frames: what a reader may say on `/ws/chat/{id}`.
// Server to client each frame is one record as JSON: `{ offset?, type, … }`.
import { z } from "zod";

export const clientFrameSchema = z.discriminatedUnion("type", [
  z.object({ type: z.literal("resume"), offset: z.string() }),
  z.object({ type: z.literal("cancel"), run: z.string() }),
]);
/** @public */
export type ClientFrame = z.infer<typeof clientFrameSchema>;
