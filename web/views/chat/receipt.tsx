// The receipt under an answer: quiet, in pills; opened, every figure there is. `null` is unknown, never zero.
import Ban from "lucide-solid/icons/ban";
import ChevronDown from "lucide-solid/icons/chevron-down";
import CircleAlert from "lucide-solid/icons/circle-alert";
import CircleCheck from "lucide-solid/icons/circle-check";
import ShieldCheck from "lucide-solid/icons/shield-check";
import Unplug from "lucide-solid/icons/unplug";
import Zap from "lucide-solid/icons/zap";
import { createSignal, createUniqueId, For, Show } from "solid-js";
import { Dynamic } from "solid-js/web";
import type { Receipt as ReceiptData } from "../../../protocol/records.ts";
import type { RunState } from "../../../protocol/reduce.ts";
import { format, t } from "../../i18n/locale.ts";
import { recoveryStory } from "./keep-line.tsx";

const BADGES = { hit: "receipt.hit", collapsed: "receipt.collapsed" } as const;

/** `CACHE HIT · 7.9 s and $0.0041 saved`: the loudest a receipt gets. In full, and where there is little room. */
function badgeOf({ cache, saved }: ReceiptData): { full: string; short: string } | undefined {
  if (cache !== "hit" && cache !== "collapsed") return undefined;
  const badge = t(BADGES[cache]);
  if (!saved || saved.ms <= 0) return { full: badge, short: badge };
  const time = format().duration(saved.ms);
  const full = saved.cost
    ? t("receipt.savedBoth", badge, time, format().money(saved.cost))
    : t("receipt.savedTime", badge, time);
  return { full, short: t("receipt.savedShort", badge, time) };
}

const STATUS = {
  completed: { icon: CircleCheck, word: "status.completed", tone: undefined },
  cancelled: { icon: Ban, word: "status.cancelled", tone: undefined },
  failed: { icon: CircleAlert, word: "status.failedShort", tone: "failed" },
  interrupted: { icon: Unplug, word: "status.interruptedShort", tone: "failed" },
} as const;

const statusOf = (run: RunState) => STATUS[run.status === "running" ? "completed" : run.status];

function costText(cost: number | null): string {
  return cost === null ? t("receipt.unknown") : format().money(cost);
}

/** Its tokens, and what they cost: a kept answer's are those it was made of, and the badge says what they did not cost. */
function factsOf({ outputTokens, cost, saved }: ReceiptData): string[] {
  const tokens = saved ? saved.outputTokens : outputTokens;
  return [
    ...(tokens === null ? [] : [t("receipt.tokens", tokens, format().integer(tokens))]),
    ...(saved ? [] : [cost === null ? t("receipt.costUnknown") : costText(cost)]),
  ];
}

function rowsOf(run: RunState, receipt: ReceiptData): [string, string][] {
  const { integer, duration } = format();
  const count = (n: number | null) =>
    n === null ? t("receipt.unknown") : `${integer(n)}${receipt.estimated ? ` (${t("receipt.estimated")})` : ""}`;
  const orDefault = (n: number | null) => (n === null ? t("receipt.byDefault") : format().decimal(n));
  return [
    [t("receipt.rows.status"), t(statusOf(run).word)],
    ...(run.finish ? [[t("receipt.rows.finish"), t(`receipt.finish.${run.finish}`)] as [string, string]] : []),
    [t("receipt.rows.tier"), t(`tiers.names.${receipt.tier}`)],
    [t("receipt.rows.provider"), t(`models.providers.${receipt.provider}`)],
    [t("receipt.rows.model"), receipt.model],
    [
      t("receipt.rows.firstWord"),
      receipt.firstTokenMs === null ? t("receipt.unknown") : duration(receipt.firstTokenMs),
    ],
    [t("receipt.rows.total"), duration(receipt.totalMs)],
    [t("receipt.rows.input"), count(receipt.inputTokens)],
    [t("receipt.rows.output"), count(receipt.outputTokens)],
    [t("receipt.rows.cost"), costText(receipt.cost)],
    [t("receipt.rows.cache"), t(`receipt.cache.${receipt.cache}`)],
    ...(receipt.age === undefined ? [] : [[t("receipt.rows.age"), duration(receipt.age * 1000)] as [string, string]]),
    ...(receipt.saved
      ? [
          [t("receipt.rows.saved"), [duration(receipt.saved.ms), costText(receipt.saved.cost)].join(" · ")] as [
            string,
            string,
          ],
        ]
      : []),
    [t("receipt.rows.requests"), integer(receipt.requests)],
    [t("receipt.rows.temperature"), orDefault(run.params.temperature)],
    [t("receipt.rows.limit"), orDefault(run.params.maxOutputTokens)],
  ];
}

export function Receipt(props: { run: RunState }) {
  const id = createUniqueId();
  const [open, setOpen] = createSignal(false);
  const status = () => statusOf(props.run);
  const twice = () => props.run.recoveries.reduce((sum, { madeTwice }) => sum + madeTwice, 0);

  return (
    <Show when={props.run.receipt}>
      {(receipt) => (
        <div class="receipt">
          <button
            type="button"
            class="pills"
            aria-expanded={open()}
            aria-controls={id}
            onClick={() => setOpen((now) => !now)}
          >
            <span class="visually-hidden">{t("receipt.label")}: </span>
            <Show when={badgeOf(receipt())}>
              {(badge) => (
                <span class="pill" data-tone="cache">
                  <Zap size={14} aria-hidden="true" />
                  <span class="wide-only">{badge().full}</span>
                  <span class="narrow-only">{badge().short}</span>
                </span>
              )}
            </Show>
            <Show when={props.run.recoveries.length > 0}>
              <span class="pill" data-tone="kept">
                <ShieldCheck size={14} aria-hidden="true" />
                <span class="wide-only">
                  {t("receipt.recovered", props.run.recoveries.length, twice(), format().integer(twice()))}
                </span>
                <span class="narrow-only">{t("receipt.recoveredShort")}</span>
              </span>
            </Show>
            <Show when={props.run.status !== "completed"}>
              <span class="pill" data-tone={status().tone}>
                <Dynamic component={status().icon} size={14} aria-hidden="true" />
                {t(status().word)}
              </span>
            </Show>
            <Show when={props.run.finish === "length"}>
              <span class="pill">{t("receipt.truncated")}</span>
            </Show>
            <Show when={props.run.finish === "refusal"}>
              <span class="pill">{t("receipt.refusal")}</span>
            </Show>
            <span class="pill facts">
              <Show when={props.run.status === "completed"}>
                <CircleCheck size={14} class="kept" aria-hidden="true" />
                <span class="visually-hidden">{t("status.completed")}</span>
              </Show>
              <Show when={receipt().firstTokenMs !== null && format().duration(receipt().firstTokenMs ?? 0)}>
                {(time) => (
                  <span class="fact">
                    <span class="wide-only">{t("receipt.firstWord", time())}</span>
                    <span class="narrow-only">{time()}</span>
                  </span>
                )}
              </Show>
              <For each={factsOf(receipt())}>{(fact) => <span class="fact">{fact}</span>}</For>
              <ChevronDown size={13} class="chevron" aria-hidden="true" />
            </span>
          </button>
          <Show when={open()}>
            <dl id={id} class="receipt-detail numbers">
              <For each={rowsOf(props.run, receipt())}>
                {([name, value]) => (
                  <div>
                    <dt>{name}</dt>
                    <dd>{value}</dd>
                  </div>
                )}
              </For>
              <Show when={props.run.recoveries.length > 0}>
                <div class="whole">
                  <dt>{t("receipt.rows.recoveries")}</dt>
                  <dd>
                    <For each={props.run.recoveries}>{(recovery) => <p>{recoveryStory(recovery)}</p>}</For>
                  </dd>
                </div>
              </Show>
            </dl>
          </Show>
        </div>
      )}
    </Show>
  );
}
