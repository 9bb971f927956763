// The settings that say who may come in, and how much of the deployment each may use.
import { z } from "zod";
import type { Limits } from "../../protocol/access.ts";
import { text } from "../setting.ts";
import type { AccessSettings } from "./access.ts";
import { parseApiTokens } from "./api-tokens.ts";

const MODES = ["open", "token", "access"] as const;

const SECRET_AT_LEAST = 16;
const secret = text.pipe(
  z.string().min(SECRET_AT_LEAST, `must have at least ${SECRET_AT_LEAST} characters`).optional(),
);
const tokens = text
  .transform((value) => parseApiTokens(value ?? ""))
  .refine(
    (list) => list.every(({ token }) => token.length >= SECRET_AT_LEAST),
    `must have tokens of at least ${SECRET_AT_LEAST} characters`,
  );
const list = text.transform((value) => (value ?? "").split(",").flatMap((each) => each.trim() || []));

/** A number, `off` for no limit; undefined where the deployment did not say. */
const limit = text.transform((value, context): number | null | undefined => {
  if (value === undefined) return undefined;
  if (value === "off") return null;
  const number = Number(value);
  if (number > 0 && number <= 1e15) return number;
  context.addIssue("must be a number above 0, or off");
  return z.NEVER;
});

/** An origin as browsers send it. */
const origins = list.transform((values, context) =>
  values.map((value) => {
    if (URL.canParse(value) && /^https?:$/.test(new URL(value).protocol)) return new URL(value).origin;
    context.addIssue("must be a list of origins like https://app.example");
    return z.NEVER;
  }),
);

export const authFields = {
  AUTH_MODE: text
    .pipe(z.enum(MODES, { error: `must be one of ${MODES.join(", ")}` }).optional())
    .transform((mode) => mode ?? "open"),
  ALLOW_OPEN: text.transform((value) => value === "yes"),
  ADMIN_TOKEN: secret,
  SESSION_SECRET: secret,
  API_TOKENS: tokens,
  ACCESS_TEAM_DOMAIN: text,
  ACCESS_AUD: list,
  ALLOWED_ORIGINS: origins,
  ASKS_PER_MINUTE: limit,
  ANSWERS_AT_ONCE: limit,
  TOKENS_PER_DAY: limit,
  DOLLARS_PER_DAY: limit,
};

type Fields = z.infer<z.ZodObject<typeof authFields>>;

export interface AuthSettings extends Fields {
  access: AccessSettings | null;
  /** What the deployment says of each person's limits; undefined where it says nothing. */
  limits: { [name in keyof Limits]: number | null | undefined };
}

/** What follows from several fields together; throws with what is missing. */
export function authSettings(fields: Fields): AuthSettings {
  const { AUTH_MODE: mode, ACCESS_TEAM_DOMAIN: team, ACCESS_AUD: audiences, ADMIN_TOKEN, API_TOKENS } = fields;
  if (mode === "access" && (!team || audiences.length === 0)) {
    throw new Error("AUTH_MODE=access needs ACCESS_TEAM_DOMAIN and ACCESS_AUD.");
  }
  if (mode === "token" && !ADMIN_TOKEN && API_TOKENS.length === 0) {
    throw new Error("AUTH_MODE=token needs ADMIN_TOKEN or API_TOKENS, or nobody could come in.");
  }
  const issuer = team && (/^https?:\/\//.test(team) ? team : `https://${team}`).replace(/\/+$/, "");
  return {
    ...fields,
    access: issuer ? { issuer, audiences } : null,
    limits: {
      asksPerMinute: fields.ASKS_PER_MINUTE,
      answersAtOnce: fields.ANSWERS_AT_ONCE,
      tokensPerDay: fields.TOKENS_PER_DAY,
      dollarsPerDay: fields.DOLLARS_PER_DAY,
    },
  };
}
