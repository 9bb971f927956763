// The four figures one looks at first.
import { Show } from "solid-js";
import type { StatsReply } from "../../../protocol/requests.ts";
import { format } from "../../i18n/locale.ts";
import { v } from "../../i18n/views.ts";

export function Tiles(props: { stats: StatsReply }) {
  const totals = () => props.stats.totals;
  const asked = () => totals().hits + totals().misses + totals().collapsed;
  const wholeOf = (...caches: readonly string[]) =>
    props.stats.latency.find(({ cache, total }) => total && caches.includes(cache))?.total?.p50 ?? null;
  const duration = (ms: number | null) => (ms === null ? "–" : format().duration(ms));
  const money = (value: number) => format().money(value);

  return (
    <div class="tiles">
      <dl class="card tile">
        <dt>{v("stats.hitRate")}</dt>
        <dd class="numbers" data-figure="hit-rate">
          {totals().hitRate === null ? "–" : format().percent(totals().hitRate ?? 0)}
        </dd>
        <dd class="under numbers">
          <Show when={asked() > 0} fallback={v("stats.hitRateNone")}>
            {v("stats.hitRateOf", format().integer(totals().hits + totals().collapsed), format().integer(asked()))}
          </Show>
        </dd>
      </dl>
      <dl class="card tile">
        <dt>{v("stats.saved")}</dt>
        <dd class="numbers" data-figure="saved">
          {money(totals().saved.cost)}
        </dd>
        <dd class="under gain numbers">{v("stats.savedOf", money(totals().saved.cost + totals().spent.cost))}</dd>
      </dl>
      <dl class="card tile">
        <dt>{v("stats.answers")}</dt>
        <dd class="numbers" data-figure="answers">
          {format().integer(totals().runs)}
        </dd>
        <dd class="under numbers">{v("stats.answersOf", format().compact(totals().spent.outputTokens))}</dd>
      </dl>
      <dl class="card tile">
        <dt>{v("stats.whole")}</dt>
        <dd class="numbers">
          {duration(wholeOf("hit"))} <small>/ {duration(wholeOf("miss", "off"))}</small>
        </dd>
        <dd class="under">{v("stats.wholeOf")}</dd>
      </dl>
    </div>
  );
}
