// Why a part of a deployment is off or down, or knows less than it might: an English sentence for whoever runs it, and
// beside it `why`, the same by a code, for whoever says it in another language.
import { z } from "zod";
import { runErrorCodeSchema } from "./records.ts";

const whyCodeSchema = z.union([
  z.enum([
    "unset",
    "no_provider",
    "objects_down",
    "cache_down",
    "archive_down",
    "temporal_down",
    "unknown_workflow",
    "no_counters",
    "counters_down",
    "figures_down",
    "counted_since",
    "history_down",
    "counted_in_part",
  ]),
  runErrorCodeSchema,
]);
export type WhyCode = z.infer<typeof whyCodeSchema>;

export const whySchema = z
  .object({
    code: whyCodeSchema,
    settings: z
      .array(z.string())
      .optional()
      .describe("What to set: all of them for `unset`, one of them for `no_provider` and `no_counters`."),
    since: z
      .number()
      .optional()
      .describe("Since when the figures count, Unix ms; absent where nothing was counted yet."),
  })
  .describe("What the sentence beside it says, by a code.")
  .meta({ id: "Why" });
export type Why = z.infer<typeof whySchema>;

export interface Reason {
  text: string;
  why: Why;
}

export const because = (text: string, code: WhyCode, more: Omit<Why, "code"> = {}): Reason => ({
  text,
  why: { code, ...more },
});

/** Settings that are missing, all of them. */
export const unset = (settings: readonly string[], purpose = ""): Reason =>
  because(`${purpose}Set ${settings.join(" and ")}${purpose ? "." : " to use it."}`, "unset", {
    settings: [...settings],
  });
