// The charts' twins: the same figures as tables.
import type { StatsReply } from "../../../protocol/requests.ts";
import { Figures } from "../../components/figures.tsx";
import { format, t } from "../../i18n/locale.ts";
import { v } from "../../i18n/views.ts";

type Percentiles = StatsReply["latency"][number]["total"];

const sum = ({ inputTokens, outputTokens }: StatsReply["totals"]["spent"]) => inputTokens + outputTokens;

function Twin(props: { columns: readonly string[]; rows: readonly (readonly string[])[] }) {
  return (
    <details class="twin">
      <summary>{v("stats.table")}</summary>
      <Figures columns={props.columns} rows={props.rows} />
    </details>
  );
}

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
  const rows = () =>
    props.stats.series
      .filter(({ runs }) => runs > 0)
      .toReversed()
      .map((step) => [
        props.timeOf(step.time),
        count(step.hits),
        count(step.collapsed),
        count(step.misses),
        count(step.off + step.unavailable),
        count(sum(step.spent)),
        count(sum(step.saved)),
        format().money(step.spent.cost),
        format().money(step.saved.cost),
      ]);
  return <Twin columns={columns()} rows={rows()} />;
}

export function LatencyTable(props: { stats: StatsReply }) {
  const spread = (percentiles: Percentiles) =>
    percentiles
      ? [percentiles.p50, percentiles.p90, percentiles.p99].map((ms) => format().duration(ms)).join(" / ")
      : t("receipt.unknown");
  const columns = () => [v("stats.status"), v("stats.runs"), v("stats.firstWord"), v("stats.total")];
  const rows = () =>
    props.stats.latency.map(({ cache, firstToken, total }) => [
      v(`stats.from.${cache}`),
      format().integer(total?.runs ?? 0),
      spread(firstToken),
      spread(total),
    ]);
  return <Twin columns={columns()} rows={rows()} />;
}
