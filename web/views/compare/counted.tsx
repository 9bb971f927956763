// How the money is counted: what an answer makes in each tier, besides its tokens.
import { Figures } from "../../components/figures.tsx";
import { format, t } from "../../i18n/locale.ts";
import { v } from "../../i18n/views.ts";
import { ROWS, type TierCost } from "../../state/costs.ts";

const WORKS = ["requests", "rows", "objectSeconds", "commands", "actions"] as const;

export function Counted(props: { costs: readonly TierCost[] }) {
  const columns = () => [v("compare.counted"), ...props.costs.map(({ tier }) => t(`tiers.names.${tier}`))];
  const rows = () =>
    WORKS.map((name) => [v(`compare.works.${name}`), ...props.costs.map(({ work }) => format().decimal(work[name]))]);
  return (
    <details class="twin">
      <summary>{v("compare.work")}</summary>
      <p class="compare-note">{v("compare.workLead", format().integer(ROWS.ofLog + ROWS.ofPerson))}</p>
      <Figures columns={columns()} rows={rows()} />
    </details>
  );
}
