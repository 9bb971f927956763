// The figures themselves: the tiles, the answers over time, and how long they took.
import { createMemo, createSignal, Show } from "solid-js";
import type { StatsReply } from "../../../protocol/requests.ts";
import { Bars, Legend } from "../../components/bars.tsx";
import { Segmented } from "../../components/segmented.tsx";
import { Spread } from "../../components/spread.tsx";
import { format } from "../../i18n/locale.ts";
import { saidReason } from "../../i18n/said.ts";
import { v } from "../../i18n/views.ts";
import { figureOf, METRICS, type Metric, PARTS, type PartName } from "../../state/figures.ts";
import { LatencyTable, SeriesTable } from "./tables.tsx";
import { Tiles } from "./tiles.tsx";
import "./stats.css";

export function Figures(props: { stats: StatsReply }) {
  return (
    <>
      <Tiles stats={props.stats} />
      <Show when={props.stats.totals.unpriced > 0}>
        <p class="stats-note">
          {v("stats.unpriced", props.stats.totals.unpriced, format().integer(props.stats.totals.unpriced))}
        </p>
      </Show>
      <Show when={props.stats.note}>{(note) => <p class="stats-note">{saidReason(note(), props.stats.why)}</p>}</Show>
      <div class="stats-charts">
        <OverTime stats={props.stats} />
        <Latency stats={props.stats} />
      </div>
    </>
  );
}

function OverTime(props: { stats: StatsReply }) {
  const [metric, setMetric] = createSignal<Metric>("answers");
  const nameOf = (part: string) => v(`stats.parts.${part as PartName}`);
  const shown = (value: number) => (metric() === "money" ? format().money(value) : format().compact(value));
  const timeOf = (time: number) => format().step(time, props.stats.stepMs);
  const steps = createMemo(() =>
    props.stats.series.map((step) => ({
      time: timeOf(step.time),
      parts: PARTS[metric()].map((name) => ({ name, value: figureOf(step, metric(), name) })),
    })),
  );
  return (
    <section class="card">
      <div class="card-head">
        <h2>{v("stats.over")}</h2>
        <Legend parts={PARTS[metric()]} nameOf={nameOf} />
        <Segmented
          label={v("stats.metric")}
          value={metric()}
          onChange={setMetric}
          segments={METRICS.map((value) => ({ value, label: v(`stats.metrics.${value}`) }))}
        />
      </div>
      <Show when={props.stats.totals.runs > 0} fallback={<p class="view-none">{v("stats.none")}</p>}>
        <Bars
          summary={`${v("stats.over")}: ${v(`stats.metrics.${metric()}`)}`}
          steps={steps()}
          nameOf={nameOf}
          shown={shown}
        />
        <SeriesTable stats={props.stats} timeOf={timeOf} />
      </Show>
    </section>
  );
}

function Latency(props: { stats: StatsReply }) {
  const rows = createMemo(() =>
    props.stats.latency.flatMap(({ cache, total }) =>
      total ? [{ name: cache, label: v(`stats.from.${cache}`), p50: total.p50, p90: total.p90, p99: total.p99 }] : [],
    ),
  );
  return (
    <section class="card">
      <div class="card-head">
        <h2>{v("stats.latency")}</h2>
      </div>
      <Show when={rows().length > 0} fallback={<p class="view-none">{v("stats.latencyNone")}</p>}>
        <Spread
          summary={`${v("stats.latency")}: ${rows()
            .map(({ label, p50 }) => `${label} ${format().duration(p50)}`)
            .join(", ")}`}
          rows={rows()}
          shown={(value) => format().duration(value)}
          power={(value) => format().roundDuration(value)}
        />
        <LatencyTable stats={props.stats} />
      </Show>
    </section>
  );
}
