// The workflows there are, narrowed by their state and by what one looks for, and one of them in full.
import { useNavigate } from "@solidjs/router";
import { createMemo, createSignal, For, Show } from "solid-js";
import { explain, ProblemNote } from "../../components/problem.tsx";
import { Segmented } from "../../components/segmented.tsx";
import { t } from "../../i18n/locale.ts";
import { v } from "../../i18n/views.ts";
import { useApp } from "../../state/app.tsx";
import { followWorkflows } from "../../state/workflows.ts";
import { WorkflowDetail } from "./detail.tsx";
import { WorkflowRow } from "./row.tsx";

const FILTERS = ["all", "running", "completed", "failed", "cancelled"] as const;
type Filter = (typeof FILTERS)[number];

export function WorkflowList(props: { selected: string | null }) {
  const app = useApp();
  const navigate = useNavigate();
  const [filter, setFilter] = createSignal<Filter>("all");
  const [text, setText] = createSignal("");
  const list = followWorkflows(() => {
    const now = filter();
    return now === "all" ? null : now;
  });

  const titles = createMemo(() => new Map(app.chats.all().map(({ id, title }) => [id, title || t("nav.untitled")])));
  const titleOf = (chatId: string) => titles().get(chatId) ?? v("workflows.deletedChat");
  const byId = createMemo(() => new Map((list.data()?.workflows ?? []).map((one) => [one.id, one])));
  const shown = createMemo(() => {
    const wanted = text().trim().toLowerCase();
    return [...byId().values()]
      .filter(({ chatId, model }) => `${titleOf(chatId)} ${model}`.toLowerCase().includes(wanted))
      .map(({ id }) => id);
  });

  return (
    <>
      <Show when={list.error()}>
        {(error) => (
          <ProblemNote text={v("workflows.failed")} detail={explain(error())} retry={() => void list.refresh()} />
        )}
      </Show>
      <div class="workflow-tools">
        <Segmented
          label={v("workflows.filter")}
          value={filter()}
          onChange={setFilter}
          segments={FILTERS.map((value) => ({ value, label: v(`workflows.filters.${value}`) }))}
        />
        <input
          type="search"
          class="workflow-search"
          aria-label={v("workflows.searchLabel")}
          placeholder={v("workflows.search")}
          value={text()}
          onInput={(event) => setText(event.currentTarget.value)}
        />
      </div>
      <section class="card workflow-list">
        <Show
          when={shown().length > 0}
          fallback={
            <Show when={list.data()} fallback={<p class="view-none">{t("app.loading")}</p>}>
              <p class="view-none">
                {filter() === "all" && text() === "" ? v("workflows.none") : v("workflows.noneSuch")}
              </p>
            </Show>
          }
        >
          <div class="table-scroll" tabindex="0">
            <table class="figures" aria-label={v("workflows.list")}>
              <thead>
                <tr>
                  <th scope="col">{v("workflows.chat")}</th>
                  <th scope="col">{v("workflows.state")}</th>
                  <th scope="col" class="attempts-column">
                    {v("workflows.attempts")}
                  </th>
                  <th scope="col" class="course-column">
                    {v("workflows.timeline")}
                  </th>
                  <th scope="col">{v("workflows.duration")}</th>
                  <th scope="col" class="model-column">
                    {v("workflows.model")}
                  </th>
                </tr>
              </thead>
              <tbody>
                <For each={shown()}>
                  {(id) => (
                    <Show when={byId().get(id)}>
                      {(workflow) => (
                        <WorkflowRow
                          workflow={workflow()}
                          title={titleOf(workflow().chatId)}
                          selected={props.selected === id}
                          select={() => navigate(props.selected === id ? "/workflows" : `/workflows/${id}`)}
                        />
                      )}
                    </Show>
                  )}
                </For>
              </tbody>
            </table>
          </div>
        </Show>
        <Show when={list.data()?.cursor}>
          <button type="button" class="button workflow-more" onClick={list.more}>
            {v("workflows.more")}
          </button>
        </Show>
      </section>
      <Show when={props.selected} keyed>
        {(id) => <WorkflowDetail id={id} title={titleOf(id.split(".")[0] ?? "")} />}
      </Show>
    </>
  );
}
