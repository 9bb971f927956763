// What the server says, in the reader's language: by its codes where we have words for them, else in its own, which are
// English. Our words are fetched when the server first has something to say.
import { createRoot, createSignal } from "solid-js";
import type { Problem } from "../../protocol/problems.ts";
import type { Why } from "../../protocol/reasons.ts";
import type { RunErrorCode } from "../../protocol/records.ts";
import type { RunState } from "../../protocol/reduce.ts";
import type { TiersReply } from "../../protocol/requests.ts";
import type { WorkflowFailure } from "../../protocol/workflows.ts";
import { format, type Locale, locale, t } from "./locale.ts";
import type { Said } from "./said-fr.ts";
import { typeset } from "./typography.ts";

type RunError = NonNullable<RunState["error"]>;

const [words, setWords] = createRoot(() => createSignal<Said>());
let loading: Promise<void> | undefined;

/** Resolves when they are here, or can't be had now. */
export function loadSaid(locale: Locale): Promise<void> | undefined {
  if (locale === "en") return undefined;
  loading ??= import("./said-fr.ts").then(
    ({ said }) => void setWords(() => typeset(said)),
    () => {
      loading = undefined;
    },
  );
  return loading;
}

/** Nothing in English, and nothing until they are here: the server's own words stand until then. */
function ours(): Said | undefined {
  void loadSaid(locale());
  return locale() === "en" ? undefined : words();
}

/** The codes whose sentence is the provider's own, which tells more than the code does. */
const PROVIDERS_WORDS: readonly RunErrorCode[] = [
  "provider_bad_request",
  "provider_unknown_model",
  "provider_refused",
  "provider_malformed",
];

/** What there is to say of a run's error beside what its code says. */
export function saidDetail({ code, message }: RunError): string | undefined {
  return locale() === "en" || PROVIDERS_WORDS.includes(code) ? message : undefined;
}

export function saidProblem(problem: Problem): string {
  return ours()?.problems[problem.code]?.(problem) ?? problem.detail;
}

/** A moment as the server writes one. */
const INSTANT = /\d{4}-\d\d-\d\dT[\d:.]+Z/g;

/** The sentence `text`, which `why` says by a code. */
export function saidReason(text: string, why: Why | null): string {
  const said = why && ours();
  if (!said) return text.replace(INSTANT, (instant) => format().instant(Date.parse(instant)));
  const by = said.whys as Partial<Record<string, (why: Why) => string>>;
  return by[why.code]?.(why) ?? t(`runErrors.${why.code as RunErrorCode}`) ?? text;
}

/** What is to be said of a tier that is off or degraded; empty where it is well. */
export function saidTier({ available, reason, why }: TiersReply["tiers"][number]): string {
  if (reason === null) return "";
  return t(available ? "tiers.degraded" : "tiers.off", saidReason(reason, why));
}

export function saidFailure({ code, message }: WorkflowFailure): string {
  const said = ours();
  if (!said) return message;
  return (code === "worker_lost" ? said.workerLost : t(`runErrors.${code as RunErrorCode}`)) ?? message;
}
