// Who the reader is here, and what they may use: to come in by a token, to go out, to take everything along. The admin makes
// and revokes the tokens of others.
import Download from "lucide-solid/icons/download";
import LogIn from "lucide-solid/icons/log-in";
import LogOut from "lucide-solid/icons/log-out";
import { createSignal, For, Show } from "solid-js";
import type { MeReply } from "../../../protocol/access.ts";
import type { ApiError } from "../../api/client.ts";
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
    return [
      { name: v("access.asks"), used: count(usage.asksThisMinute), limit: limits.asksPerMinute, as: count },
      { name: v("access.answers"), used: count(usage.answersNow), limit: limits.answersAtOnce, as: count },
      { name: v("access.tokensADay"), used: count(usage.tokensToday), limit: limits.tokensPerDay, as: count },
      { name: v("access.moneyADay"), used: money(usage.dollarsToday), limit: limits.dollarsPerDay, as: money },
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
      <div class="table-scroll" tabindex="0">
        <table class="figures">
          <thead>
            <tr>
              <th scope="col">{v("access.limit")}</th>
              <th scope="col">{v("access.used")}</th>
              <th scope="col">{v("access.atMost")}</th>
            </tr>
          </thead>
          <tbody>
            <For each={limits()}>
              {({ name, used, limit, as }) => (
                <tr>
                  <th scope="row">{name}</th>
                  <td>{used}</td>
                  <td>{limit === null ? v("access.none") : as(limit)}</td>
                </tr>
              )}
            </For>
          </tbody>
        </table>
      </div>
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
