// One setting as it comes from the environment.
import { z } from "zod";

/** Blank is the same as not set. */
export const text = z
  .string()
  .trim()
  .optional()
  .transform((value) => value || undefined);
