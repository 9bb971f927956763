// An answer as the cache keeps it: its words, the pace at which they came, and what they took.
import { z } from "zod";
import { type Finish, finishSchema, type RunParams } from "../protocol/records.ts";
import type { Pace } from "./pace.ts";

const whole = () => z.number().int().min(0);

const keptAnswerSchema = z.object({
  text: z.string(),
  finish: finishSchema,
  pace: z.array(z.number()),
  inputTokens: whole().nullable(),
  outputTokens: whole().nullable(),
  cost: z.number().nullable(),
  firstTokenMs: whole().nullable(),
  totalMs: whole(),
  /** When it had been made and until when it is kept, Unix ms. */
  madeAt: whole(),
  keptUntil: whole(),
});

export type KeptAnswer = Omit<z.infer<typeof keptAnswerSchema>, "pace"> & { pace: Pace };

export const encodeAnswer = (answer: KeptAnswer): string => JSON.stringify(answer);

/** Undefined for what is not an answer, or not one of this version's: then it is as good as not kept. */
export function decodeAnswer(json: string): KeptAnswer | undefined {
  try {
    return keptAnswerSchema.safeParse(JSON.parse(json)).data;
  } catch {
    return undefined;
  }
}

/**
 * Whether an answer that ended well may be given again. One cut by its limit is whole only if that limit was asked for,
 * as it is part of the key then; a refusal is a filter's mood, and asking again may well be answered.
 */
export function isWhole(finish: Finish | null, params: RunParams): boolean {
  return finish === "stop" || (finish === "length" && params.maxOutputTokens !== null);
}
