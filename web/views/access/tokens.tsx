// The tokens of the deployment: the admin makes one for each person or program, and revokes it.
import Download from "lucide-solid/icons/download";
import KeyRound from "lucide-solid/icons/key-round";
import { createSignal, For, Show } from "solid-js";
import type { MadeToken, Scope, TokenRequest, TokenSummary } from "../../../protocol/access.ts";
import { CopyButton } from "../../components/copy-button.tsx";
import { explain, ProblemNote } from "../../components/problem.tsx";
import { format, t } from "../../i18n/locale.ts";
import { v } from "../../i18n/views.ts";
import { followTokens } from "../../state/access.ts";
import { makeAction } from "../../state/action.ts";

const DAY_MS = 24 * 3_600_000;
const SCOPES: readonly Scope[] = ["read", "ask", "manage"];

type State = "live" | "expired" | "revoked";
function stateOf({ revokedAt, expiresAt }: TokenSummary): State {
  if (revokedAt !== null) return "revoked";
  return expiresAt !== null && expiresAt <= Date.now() ? "expired" : "live";
}
const TONES = { live: "kept", expired: "cache", revoked: "failed" } as const;

export function Tokens() {
  const tokens = followTokens();
  const revoking = makeAction();
  const [made, setMade] = createSignal<MadeToken | null>(null);
  const when = (time: number | null) => (time === null ? v("access.never") : format().instant(time));
  return (
    <section class="card">
      <div class="card-head">
        <h2>{v("access.tokens")}</h2>
      </div>
      <Show when={tokens.error() ?? revoking.failure()}>
        {(error) => (
          <ProblemNote text={v("access.tokensFailed")} detail={explain(error())} retry={() => void tokens.refresh()} />
        )}
      </Show>
      <Make
        people={peopleOf(tokens.data()?.tokens ?? [])}
        make={tokens.make}
        done={(token) => {
          setMade(token);
          void tokens.refresh();
        }}
      />
      <div role="status">
        <Show when={made()}>
          {(token) => (
            <p class="access-made">
              <KeyRound size={16} aria-hidden="true" />
              <span>{v("access.made", token().name)}</span>
              <code class="access-secret">{token().token}</code>
              <CopyButton
                class="button"
                text={() => token().token}
                label={t("message.copy")}
                done={t("message.copied")}
              />
            </p>
          )}
        </Show>
      </div>
      <div class="table-scroll" tabindex="0">
        <table class="figures">
          <thead>
            <tr>
              <th scope="col">{v("access.name")}</th>
              <th scope="col" class="token-person">
                {v("access.whose")}
              </th>
              <th scope="col">{v("access.state")}</th>
              <th scope="col" class="token-may">
                {v("access.may")}
              </th>
              <th scope="col" class="token-begun">
                {v("access.begun")}
              </th>
              <th scope="col">{v("access.ends")}</th>
              <th scope="col">{v("access.revoke")}</th>
            </tr>
          </thead>
          <tbody>
            <For each={tokens.data()?.tokens ?? []}>
              {(token) => (
                <tr data-token={token.name} data-state={stateOf(token)}>
                  <th scope="row">{token.name}</th>
                  <td class="token-person">
                    <code>{token.person}</code>{" "}
                    <a
                      class="button"
                      href={`/api/admin/people/${encodeURIComponent(token.person)}/export`}
                      download="keepstream.json"
                      aria-label={v("access.exportOne", token.name)}
                    >
                      <Download size={15} aria-hidden="true" />
                    </a>
                  </td>
                  <td>
                    <span class="pill" data-tone={TONES[stateOf(token)]}>
                      {v(`access.states.${stateOf(token)}`)}
                    </span>
                  </td>
                  <td class="token-may">{token.scopes.map((scope) => v(`access.scopes.${scope}`)).join(", ")}</td>
                  <td class="token-begun">{when(token.createdAt)}</td>
                  <td>{when(token.expiresAt)}</td>
                  <td>
                    <Show when={token.revokedAt === null}>
                      <button
                        type="button"
                        class="button danger"
                        aria-label={v("access.revokeOne", token.name)}
                        disabled={revoking.busy()}
                        onClick={() => void revoking.run(() => tokens.revoke(token.id))}
                      >
                        {v("access.revoke")}
                      </button>
                    </Show>
                  </td>
                </tr>
              )}
            </For>
          </tbody>
        </table>
      </div>
    </section>
  );
}

/** Whom tokens stand for, each by the name of their newest one. */
function peopleOf(tokens: readonly TokenSummary[]): TokenSummary[] {
  return tokens.filter(({ person }, i) => tokens.findIndex((each) => each.person === person) === i);
}

interface MakeProps {
  people: TokenSummary[];
  make: (body: TokenRequest) => Promise<MadeToken>;
  done: (token: MadeToken) => void;
}

function Make(props: MakeProps) {
  const making = makeAction();
  const submit = (event: SubmitEvent & { currentTarget: HTMLFormElement }) => {
    event.preventDefault();
    const form = event.currentTarget;
    void making.run(async () => {
      props.done(await props.make(requestOf(new FormData(form))));
      form.reset();
    });
  };
  return (
    <form class="access-form" onSubmit={submit}>
      <label class="access-field">
        <span>{v("access.name")}</span>
        <input name="name" required maxlength="100" autocomplete="off" />
      </label>
      <label class="access-field">
        <span>{v("access.whose")}</span>
        <select name="person">
          <option value="">{v("access.somebodyNew")}</option>
          <For each={props.people}>{({ name, person }) => <option value={person}>{v("access.as", name)}</option>}</For>
        </select>
      </label>
      <label class="access-field">
        <span>{v("access.tenant")}</span>
        <input name="tenant" pattern="[A-Za-z0-9_.\-]{1,64}" autocomplete="off" />
      </label>
      <label class="access-field">
        <span>{v("access.days")}</span>
        <input name="days" type="number" min="0" step="any" inputmode="decimal" />
      </label>
      <label class="access-field">
        <span>{v("access.moneyADay")}</span>
        <input name="dollars" type="number" min="0" step="any" inputmode="decimal" />
      </label>
      <fieldset class="access-scopes">
        <legend>{v("access.may")}</legend>
        <For each={SCOPES}>
          {(scope) => (
            <label>
              <input type="checkbox" name="scopes" value={scope} checked />
              {v(`access.scopes.${scope}`)}
            </label>
          )}
        </For>
      </fieldset>
      <button type="submit" class="button primary" disabled={making.busy()}>
        <KeyRound size={15} aria-hidden="true" />
        {v("access.make")}
      </button>
      <Show when={making.failure()}>{(failure) => <ProblemNote text={explain(failure())} />}</Show>
    </form>
  );
}

/** What is left blank is as the deployment has it. */
function requestOf(form: FormData): TokenRequest {
  const text = (name: string) => String(form.get(name) ?? "").trim();
  const [person, tenant, days, dollars] = [
    text("person"),
    text("tenant"),
    Number(text("days")),
    Number(text("dollars")),
  ];
  return {
    name: text("name"),
    scopes: form.getAll("scopes") as Scope[],
    ...(person && { person }),
    ...(tenant && { tenant }),
    ...(days > 0 && { expiresAt: Date.now() + Math.round(days * DAY_MS) }),
    ...(dollars > 0 && { limits: { dollarsPerDay: dollars } }),
  };
}
