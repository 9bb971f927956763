// The charts' twins: the same figures as tables.
import { For } from "solid-js";
import type { StatsReply } from "../../../protocol/requests.ts";
import { format, t } from "../../i18n/locale.ts";
import { v } from "../../i18n/views.ts";

type Percentiles = StatsReply["latency"][number]["total"];

const sum = ({ inputTokens, outputTokens }: StatsReply["totals"]["spent"]) => inputTokens + outputTokens;

export function SeriesTable(props: { stats: StatsReply; timeOf: (time: number) => string }) {
  const count = (value: number) => format().integer(value);
  const columns = () => [
    v("stats.time"),
    v("stats.parts.hits"),
    v("stats.parts.collapsed"),
    v("stats.parts.misses"),
    v("stats.parts.uncached"),
    `${v("stats.metrics.tokens")}, ${v("stats.parts.spent")}`,
    `${v("stats.metrics.tokens")}, ${v("stats.parts.saved")}`,
    `${v("stats.metrics.money")}, ${v("stats.parts.spent")}`,
    `${v("stats.metrics.money")}, ${v("stats.parts.saved")}`,
  ];
  return (
    <details class="twin">
      <summary>{v("stats.table")}</summary>
      <div class="table-scroll" tabindex="0">
        <table class="figures">
          <thead>
            <tr>
              <For each={columns()}>{(name) => <th scope="col">{name}</th>}</For>
            </tr>
          </thead>
          <tbody>
            <For each={props.stats.series.filter(({ runs }) => runs > 0).toReversed()}>
              {(step) => (
                <tr>
                  <th scope="row">{props.timeOf(step.time)}</th>
                  <td>{count(step.hits)}</td>
                  <td>{count(step.collapsed)}</td>
                  <td>{count(step.misses)}</td>
                  <td>{count(step.off + step.unavailable)}</td>
                  <td>{count(sum(step.spent))}</td>
                  <td>{count(sum(step.saved))}</td>
                  <td>{format().money(step.spent.cost)}</td>
                  <td>{format().money(step.saved.cost)}</td>
                </tr>
              )}
            </For>
          </tbody>
        </table>
      </div>
    </details>
  );
}

export function LatencyTable(props: { stats: StatsReply }) {
  const spread = (percentiles: Percentiles) =>
    percentiles
      ? [percentiles.p50, percentiles.p90, percentiles.p99].map((ms) => format().duration(ms)).join(" / ")
      : t("receipt.unknown");
  return (
    <details class="twin">
      <summary>{v("stats.table")}</summary>
      <div class="table-scroll" tabindex="0">
        <table class="figures">
          <thead>
            <tr>
              <th scope="col">{v("stats.status")}</th>
              <th scope="col">{v("stats.runs")}</th>
              <th scope="col">{v("stats.firstWord")}</th>
              <th scope="col">{v("stats.total")}</th>
            </tr>
          </thead>
          <tbody>
            <For each={props.stats.latency}>
              {({ cache, firstToken, total }) => (
                <tr>
                  <th scope="row">{t(`receipt.cache.${cache}`)}</th>
                  <td>{format().integer(total?.runs ?? 0)}</td>
                  <td>{spread(firstToken)}</td>
                  <td>{spread(total)}</td>
                </tr>
              )}
            </For>
          </tbody>
        </table>
      </div>
    </details>
  );
}
