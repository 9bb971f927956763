// Who the reader is here, and what they may use: to come in by a token, to go out, to take everything along. The admin makes
// and revokes the tokens of others.
import Download from "lucide-solid/icons/download";
import LogIn from "lucide-solid/icons/log-in";
import LogOut from "lucide-solid/icons/log-out";
import { createSignal, Show } from "solid-js";
import type { MeReply } from "../../../protocol/access.ts";
import type { ApiError } from "../../api/client.ts";
import { Figures } from "../../components/figures.tsx";
import { explain, ProblemNote } from "../../components/problem.tsx";
import { format, t } from "../../i18n/locale.ts";
import { v } from "../../i18n/views.ts";
import { enter, followMe, leave } from "../../state/access.ts";
import { makeAction } from "../../state/action.ts";
import { ViewHead } from "../view-head.tsx";
import { Tokens } from "./tokens.tsx";
import "../view.css";
import "./access.css";

export default function AccessView() {
  const me = followMe();
  /** Not to be let in yet is no failure. */
  const failed = () => (me.error() as ApiError | null)?.status !== 401 && me.error();
  return (
    <div class="view">
      <div class="view-body access">
        <ViewHead title={t("nav.access")} lead={v("access.lead")} />
        <Show when={failed()}>
          {(error) => (
            <ProblemNote text={v("access.failed")} detail={explain(error())} retry={() => void me.refresh()} />
          )}
        </Show>
        <Show when={me.data()}>{(reply) => <Me me={reply()} />}</Show>
        <ComeIn unknown={me.data() === undefined && me.error() !== null} />
        <Show when={me.data()?.admin}>
          <Tokens />
        </Show>
      </div>
    </div>
  );
}

function Me(props: { me: MeReply }) {
  const leaving = makeAction();
  const limits = () => {
    const { limits, usage } = props.me;
    const count = (value: number) => format().integer(value);
    const money = (value: number) => format().money(value);
    const row = (name: string, used: number, limit: number | null, as: (value: number) => string) => [
      name,
      as(used),
      limit === null ? v("access.none") : as(limit),
    ];
    return [
      row(v("access.asks"), usage.asksThisMinute, limits.asksPerMinute, count),
      row(v("access.answers"), usage.answersNow, limits.answersAtOnce, count),
      row(v("access.tokensADay"), usage.tokensToday, limits.tokensPerDay, count),
      row(v("access.moneyADay"), usage.dollarsToday, limits.dollarsPerDay, money),
    ];
  };
  return (
    <section class="card">
      <div class="card-head">
        <h2>{v("access.you")}</h2>
        <div class="view-actions">
          <a class="button" href="/api/me/export" download="keepstream.json">
            <Download size={15} aria-hidden="true" />
            {v("access.export")}
          </a>
          <button type="button" class="button" disabled={leaving.busy()} onClick={() => void leaving.run(leave)}>
            <LogOut size={15} aria-hidden="true" />
            {v("access.goOut")}
          </button>
        </div>
      </div>
      <Show when={leaving.failure()}>{(failure) => <ProblemNote text={explain(failure())} />}</Show>
      <p class="access-who">
        {v("access.person")} <code>{props.me.person}</code>
      </p>
      <Figures columns={[v("access.limit"), v("access.used"), v("access.atMost")]} rows={limits()} />
    </section>
  );
}

function ComeIn(props: { unknown: boolean }) {
  const entering = makeAction();
  const [token, setToken] = createSignal("");
  const submit = (event: SubmitEvent) => {
    event.preventDefault();
    void entering.run(() => enter(token()));
  };
  return (
    <section class="card">
      <div class="card-head">
        <h2>{v("access.comeIn")}</h2>
      </div>
      <p class="access-note">{props.unknown ? v("access.comeInUnknown") : v("access.comeInKnown")}</p>
      <Show when={entering.failure()}>{(failure) => <ProblemNote text={explain(failure())} />}</Show>
      <form class="access-form" onSubmit={submit}>
        <label class="access-field">
          <span>{v("access.token")}</span>
          <input
            type="password"
            name="token"
            autocomplete="current-password"
            required
            value={token()}
            onInput={(event) => setToken(event.currentTarget.value)}
          />
        </label>
        <button type="submit" class="button primary" disabled={entering.busy()}>
          <LogIn size={15} aria-hidden="true" />
          {v("access.comeIn")}
        </button>
      </form>
    </section>
  );
}
