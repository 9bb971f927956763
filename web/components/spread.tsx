// How long things took, a line for each kind: from the median to the slowest hundredth, on a scale of powers of ten.
// Drawn for the eye; its figures stand in a table beside it.
import { createMemo, For } from "solid-js";
import { decades, onLogScale } from "../state/figures.ts";
import "./charts.css";

export interface SpreadRow {
  /** Names its colour too. */
  name: string;
  label: string;
  p50: number;
  p90: number;
  p99: number;
}

export function Spread(props: {
  summary: string;
  rows: readonly SpreadRow[];
  shown: (value: number) => string;
  /** A power of ten on the axis. */
  power: (value: number) => string;
}) {
  const scale = createMemo(() => decades(props.rows.flatMap(({ p50, p99 }) => [p50, p99])));
  const place = (value: number) => `${onLogScale(value, scale()) * 100}%`;
  const powers = createMemo(() => {
    const [from, to] = scale();
    return Array.from({ length: Math.round(Math.log10(to / from)) + 1 }, (_, index) => from * 10 ** index);
  });

  return (
    <figure class="spread" aria-label={props.summary} role="img">
      <div class="spread-field" aria-hidden="true">
        <For each={powers()}>
          {(power) => (
            <div class="spread-power numbers" style={{ "inset-inline-start": place(power) }}>
              <span>{props.power(power)}</span>
            </div>
          )}
        </For>
        <For each={props.rows}>
          {(row) => (
            <div class="spread-row" data-part={row.name}>
              <span class="spread-name">{row.label}</span>
              <div class="spread-line">
                <i
                  class="spread-range"
                  style={{ "inset-inline-start": place(row.p50), "inset-inline-end": `calc(100% - ${place(row.p99)})` }}
                />
                <i class="spread-dot" style={{ "inset-inline-start": place(row.p90) }} />
                <i class="spread-dot" style={{ "inset-inline-start": place(row.p99) }} />
                <i class="spread-median" style={{ "inset-inline-start": place(row.p50) }} />
                <b class="numbers" style={{ "inset-inline-start": place(row.p50) }}>
                  {props.shown(row.p50)}
                </b>
              </div>
            </div>
          )}
        </For>
      </div>
    </figure>
  );
}
