// The chat's settings and its sums. Beside the conversation where there is room, over it where there is none.
import RotateCcw from "lucide-solid/icons/rotate-ccw";
import X from "lucide-solid/icons/x";
import { createMemo, createUniqueId, type JSX, onCleanup, onMount, Show, Suspense } from "solid-js";
import { MAX_SYSTEM_LENGTH } from "../../../protocol/limits.ts";
import { Segmented } from "../../components/segmented.tsx";
import { Tooltip } from "../../components/tooltip.tsx";
import { format, t } from "../../i18n/locale.ts";
import { v } from "../../i18n/views.ts";
import { useApp } from "../../state/app.tsx";
import { sumRuns } from "../../state/sums.ts";
import { withWords } from "../with-words.ts";
import { ModelButton } from "./model-button.tsx";
import "../../components/range.css";
import "./panel.css";

const WorkflowBeside = withWords(() => import("../workflows/beside.tsx"));

/** Token limits a person would choose between, as stops of the slider. */
const STOPS = [128, 256, 512, 1024, 2048, 4096, 8192, 16_384, 32_768];
const MIDDLE_TEMPERATURE = 0.7;
const MODES = ["default", "no-cache", "no-store"] as const;
const PACES = ["instant", "original"] as const;

function Slider(props: {
  label: string;
  /** `null`: the model's own default. */
  value: number | null;
  /** Where the thumb stands while nothing is chosen. */
  resting: number;
  min: number;
  max: number;
  step: number;
  shown: (value: number) => string;
  change: (value: number | null) => void;
}): JSX.Element {
  const id = createUniqueId();
  const at = () => props.value ?? props.resting;
  return (
    <div class="field" classList={{ resting: props.value === null }}>
      <div class="field-head">
        <label for={id}>{props.label}</label>
        <Show when={props.value !== null}>
          <Tooltip text={v("panel.reset")} named>
            <button
              type="button"
              class="icon-button reset"
              aria-label={v("panel.reset")}
              onClick={() => props.change(null)}
            >
              <RotateCcw size={13} aria-hidden="true" />
            </button>
          </Tooltip>
        </Show>
        <output for={id} class="numbers">
          {props.value === null ? v("panel.byDefault") : props.shown(props.value)}
        </output>
      </div>
      <input
        id={id}
        type="range"
        min={props.min}
        max={props.max}
        step={props.step}
        value={at()}
        style={{ "--at": `${((at() - props.min) / (props.max - props.min)) * 100}%` }}
        aria-valuetext={props.value === null ? v("panel.byDefault") : props.shown(props.value)}
        onInput={(event) => props.change(event.currentTarget.valueAsNumber)}
      />
    </div>
  );
}

export default function Panel() {
  const app = useApp();
  let element!: HTMLElement;
  const settings = () => app.settings();
  /** Anthropic's scale ends at 1. */
  const hottest = () => (settings().provider === "anthropic" ? 1 : 2);
  const nearestStop = (tokens: number) => STOPS.findLastIndex((stop) => stop <= tokens);
  const sums = createMemo(() => sumRuns(app.session().runs()));

  function onKeyDown(event: KeyboardEvent) {
    if (event.key !== "Escape" || !element.contains(document.activeElement)) return;
    event.preventDefault();
    app.setPanel(false);
    document.querySelector<HTMLElement>(".open-panel")?.focus();
  }
  onMount(() => {
    document.addEventListener("keydown", onKeyDown, { capture: true });
    if (getComputedStyle(element).position === "fixed") element.querySelector<HTMLElement>(".close-panel")?.focus();
  });
  onCleanup(() => document.removeEventListener("keydown", onKeyDown, { capture: true }));

  const spent = () => {
    const { cost, unknownCosts } = sums();
    if (cost === null) return t("receipt.unknown");
    return unknownCosts > 0 ? v("panel.spentPartly", format().money(cost)) : format().money(cost);
  };
  const recovered = () => {
    const { recoveries, madeTwice } = sums();
    if (recoveries === 0) return v("panel.recoveriesNone");
    const count = format().integer(recoveries);
    return madeTwice === 0
      ? v("panel.recoveriesFree", count)
      : v("panel.recoveriesPaid", count, format().integer(madeTwice));
  };

  return (
    <>
      {/* biome-ignore lint/a11y/noStaticElementInteractions: a shade; the keyboard has Escape. */}
      {/* biome-ignore lint/a11y/useKeyWithClickEvents: the same. */}
      <div class="panel-shade" onClick={() => app.setPanel(false)} />
      <aside class="panel" ref={element} aria-label={v("panel.title")}>
        <div class="panel-head">
          <h2>{v("panel.title")}</h2>
          <button
            type="button"
            class="icon-button close-panel"
            aria-label={t("app.close")}
            onClick={() => app.setPanel(false)}
          >
            <X size={17} aria-hidden="true" />
          </button>
        </div>
        <Show when={app.lastRun()?.tier === "temporal" && app.lastRun()?.id} keyed>
          {(id) => (
            <Suspense>
              <WorkflowBeside id={id} />
            </Suspense>
          )}
        </Show>
        <ModelButton class="in-panel" />
        <Slider
          label={v("panel.temperature")}
          value={settings().temperature === null ? null : Math.min(settings().temperature ?? 0, hottest())}
          resting={MIDDLE_TEMPERATURE}
          min={0}
          max={hottest()}
          step={0.1}
          shown={(value) => format().decimal(value)}
          change={(temperature) => app.change({ temperature })}
        />
        <Slider
          label={v("panel.maxTokens")}
          value={settings().maxOutputTokens === null ? null : Math.max(0, nearestStop(settings().maxOutputTokens ?? 0))}
          resting={4}
          min={0}
          max={STOPS.length - 1}
          step={1}
          shown={(stop) => format().integer(STOPS[stop] ?? 0)}
          change={(stop) => app.change({ maxOutputTokens: stop === null ? null : (STOPS[stop] ?? null) })}
        />
        <div class="field">
          <label for="system-prompt">{v("panel.system")}</label>
          <textarea
            id="system-prompt"
            rows="4"
            dir="auto"
            maxlength={MAX_SYSTEM_LENGTH}
            placeholder={v("panel.systemHint")}
            value={settings().system}
            onInput={(event) => app.change({ system: event.currentTarget.value })}
          />
        </div>
        <Show when={settings().tier === "redis"}>
          <div class="field">
            <span class="field-label">{v("panel.cacheMode")}</span>
            <Segmented
              label={v("panel.cacheMode")}
              value={settings().cache}
              onChange={(cache) => app.change({ cache })}
              segments={MODES.map((mode) => ({
                value: mode,
                label: t(`panel.cacheModes.${mode}`),
                about: v(`panel.cacheAbout.${mode}`),
              }))}
            />
          </div>
          <div class="field">
            <span class="field-label">{v("panel.pace")}</span>
            <Segmented
              label={v("panel.pace")}
              value={settings().pace}
              onChange={(pace) => app.change({ pace })}
              segments={PACES.map((pace) => ({ value: pace, label: v(`panel.paces.${pace}`) }))}
            />
          </div>
        </Show>
        <Show when={sums().answers > 0}>
          <h2 class="sums-title">{v("panel.thisChat")}</h2>
          <dl class="sums numbers">
            <div>
              <dt>{v("panel.answers")}</dt>
              <dd>
                {sums().hits > 0
                  ? v("panel.answersCached", format().integer(sums().answers), format().integer(sums().hits))
                  : format().integer(sums().answers)}
              </dd>
            </div>
            <div>
              <dt>{v("panel.spent")}</dt>
              <dd>{spent()}</dd>
            </div>
            <Show when={sums().saved.ms > 0}>
              <div>
                <dt>{v("panel.saved")}</dt>
                <dd class="gain">
                  {v("panel.savedOf", format().money(sums().saved.cost), format().duration(sums().saved.ms))}
                </dd>
              </div>
            </Show>
            <div>
              <dt>{v("panel.recoveries")}</dt>
              <dd>{recovered()}</dd>
            </div>
          </dl>
        </Show>
      </aside>
    </>
  );
}
