// Stacked bars over time. Drawn for the eye; its figures stand in a table beside it.
import { createMemo, createSignal, For, Index, Show } from "solid-js";
import { marks, named } from "../state/figures.ts";
import "./charts.css";

export interface BarPart {
  /** Names its colour too. */
  name: string;
  value: number;
}

export interface BarStep {
  /** The step's time, on the axis and in what is said of it. */
  time: string;
  parts: readonly BarPart[];
}

const AXIS_LABELS = 6;

export function Bars(props: {
  /** The chart in a sentence. */
  summary: string;
  steps: readonly BarStep[];
  nameOf: (part: string) => string;
  shown: (value: number) => string;
}) {
  const [at, setAt] = createSignal<number | null>(null);
  const totalOf = (step: BarStep) => step.parts.reduce((sum, { value }) => sum + value, 0);
  const scale = createMemo(() => marks(Math.max(0, ...props.steps.map(totalOf))));
  const top = () => scale().at(-1) ?? 1;
  const pointed = () => {
    const index = at();
    return index === null ? undefined : props.steps[index];
  };

  return (
    <figure class="bars" aria-label={props.summary} role="img">
      <div class="bars-field" aria-hidden="true" onPointerLeave={() => setAt(null)}>
        <For each={scale()}>
          {(mark) => (
            <div class="bars-mark" style={{ bottom: `${(mark / top()) * 100}%` }}>
              <span>{props.shown(mark)}</span>
            </div>
          )}
        </For>
        <div class="bars-row">
          <Index each={props.steps}>
            {(step, index) => (
              <div class="bar" data-pointed={at() === index} onPointerEnter={() => setAt(index)}>
                <Index each={step().parts}>
                  {(part) => <i data-part={part().name} style={{ height: `${(part().value / top()) * 100}%` }} />}
                </Index>
              </div>
            )}
          </Index>
        </div>
        <Show when={pointed()}>
          {(step) => (
            <div class="bars-tip numbers" data-side={(at() ?? 0) > props.steps.length / 2 ? "start" : "end"}>
              <strong>{step().time}</strong>
              <For each={step().parts.toReversed()}>
                {(part) => (
                  <span>
                    <i class="swatch" data-part={part.name} />
                    {props.nameOf(part.name)}
                    <b>{props.shown(part.value)}</b>
                  </span>
                )}
              </For>
            </div>
          )}
        </Show>
      </div>
      <div class="bars-axis numbers" aria-hidden="true">
        <For each={named(props.steps.length, AXIS_LABELS)}>
          {(index) => (
            <span style={{ "inset-inline-start": `${(index / props.steps.length) * 100}%` }}>
              {props.steps[index]?.time}
            </span>
          )}
        </For>
      </div>
    </figure>
  );
}

export function Legend(props: { parts: readonly string[]; nameOf: (part: string) => string }) {
  return (
    <ul class="plain-list legend">
      <For each={props.parts}>
        {(part) => (
          <li>
            <i class="swatch" data-part={part} />
            {props.nameOf(part)}
          </li>
        )}
      </For>
    </ul>
  );
}
