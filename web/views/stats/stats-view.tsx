// What was answered, what the cache spared, and how long it took. The figures move as answers come.
import Radio from "lucide-solid/icons/radio";
import { createSignal, Show } from "solid-js";
import type { StatsWindow } from "../../../protocol/requests.ts";
import { explain, ProblemNote } from "../../components/problem.tsx";
import { Segmented } from "../../components/segmented.tsx";
import { t } from "../../i18n/locale.ts";
import { v } from "../../i18n/views.ts";
import { followStats, WINDOWS } from "../../state/stats.ts";
import { ViewHead } from "../view-head.tsx";
import { Figures } from "./figures.tsx";
import "../view.css";

export default function StatsView() {
  const [window, setWindow] = createSignal<StatsWindow>("24h");
  const stats = followStats(window);
  return (
    <div class="view">
      <div class="view-body">
        <ViewHead
          title={t("nav.stats")}
          lead={
            <>
              {v("stats.lead")}{" "}
              <span class="pill" data-tone="live">
                <Radio size={13} aria-hidden="true" />
                {v("stats.live")}
              </span>
            </>
          }
        >
          <Segmented
            label={v("stats.window")}
            value={window()}
            onChange={setWindow}
            segments={WINDOWS.map((value) => ({ value, label: v(`stats.windows.${value}`) }))}
          />
        </ViewHead>
        <Show when={stats.error()}>
          {(error) => (
            <ProblemNote text={v("stats.failed")} detail={explain(error())} retry={() => void stats.refresh()} />
          )}
        </Show>
        <Show when={stats.data()}>{(data) => <Figures stats={data()} />}</Show>
      </div>
    </div>
  );
}
