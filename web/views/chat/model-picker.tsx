// The models of this deployment, by provider, with what each costs; filtered as one types. Fetched when opened.
import { Popover } from "@kobalte/core/popover";
import { createMemo, createSignal, createUniqueId, For, Show } from "solid-js";
import type { Model } from "../../../protocol/requests.ts";
import { explain, ProblemNote } from "../../components/problem.tsx";
import { format, t } from "../../i18n/locale.ts";
import { saidReason } from "../../i18n/said.ts";
import { v } from "../../i18n/views.ts";
import { useApp } from "../../state/app.tsx";
import "./model-picker.css";

/** A list this short needs no filter to be found in. */
const FEW = 6;

function price(model: Model): string {
  const { inputPrice, outputPrice } = model;
  if (inputPrice === null || outputPrice === null) return v("models.unknownPrice");
  if (inputPrice === 0 && outputPrice === 0) return v("models.free");
  return v("models.price", format().money(inputPrice), format().money(outputPrice));
}

export default function ModelPicker(props: {
  anchor: HTMLElement;
  value: Model | undefined;
  choose: (model: Model) => void;
  close: () => void;
}) {
  const app = useApp();
  const id = createUniqueId();
  const [filter, setFilter] = createSignal("");
  const all = () => app.models.data()?.models ?? [];
  const shown = createMemo(() => {
    const wanted = filter().trim().toLowerCase();
    return all().filter((model) => `${model.name} ${model.id} ${model.provider}`.toLowerCase().includes(wanted));
  });
  const groups = createMemo(() => {
    const providers = app.models.data()?.providers ?? [];
    return providers
      .map((one) => ({ ...one, models: shown().filter(({ provider }) => provider === one.provider) }))
      .filter((one) => one.models.length > 0 || (!one.available && filter() === ""));
  });
  const inOrder = createMemo(() => groups().flatMap(({ models }) => models));
  const [active, setActive] = createSignal<Model | undefined>(props.value);
  const current = () => {
    const list = inOrder();
    const wanted = active();
    return list.find((model) => model.id === wanted?.id && model.provider === wanted.provider) ?? list[0];
  };
  const optionId = (model: Model) => `${id}-${model.provider}-${model.id}`;

  function pick(model: Model | undefined) {
    if (!model) return;
    props.choose(model);
    props.close();
  }

  function onKeyDown(event: KeyboardEvent) {
    if (event.isComposing) return;
    const list = inOrder();
    const now = current();
    const at = now ? list.indexOf(now) : -1;
    const moves: Record<string, number> = { ArrowDown: at + 1, ArrowUp: at - 1, Home: 0, End: list.length - 1 };
    const to = moves[event.key];
    if (to !== undefined) {
      const next = list[Math.max(0, Math.min(to, list.length - 1))];
      setActive(next);
      if (next) document.getElementById(optionId(next))?.scrollIntoView({ block: "nearest" });
    } else if (event.key === "Enter") pick(now);
    else return;
    event.preventDefault();
  }

  return (
    <Popover
      open
      onOpenChange={(open) => !open && props.close()}
      gutter={6}
      placement="bottom-end"
      getAnchorRect={() => props.anchor.getBoundingClientRect()}
    >
      <Popover.Portal>
        <Popover.Content
          class="menu models"
          aria-label={v("models.choose")}
          onOpenAutoFocus={(event) => {
            event.preventDefault();
            document.getElementById(`${id}-filter`)?.focus();
          }}
          onPointerDownOutside={(event) => {
            if (props.anchor.contains(event.target as Node)) event.preventDefault();
          }}
          onCloseAutoFocus={(event) => {
            event.preventDefault();
            props.anchor.focus();
          }}
        >
          <input
            id={`${id}-filter`}
            class="models-filter"
            classList={{ "visually-hidden": all().length <= FEW }}
            role="combobox"
            aria-expanded="true"
            aria-controls={`${id}-list`}
            aria-activedescendant={current() ? optionId(current() as Model) : undefined}
            aria-label={v("models.choose")}
            placeholder={v("models.filter")}
            value={filter()}
            onInput={(event) => setFilter(event.currentTarget.value)}
            onKeyDown={onKeyDown}
          />
          <Show when={app.models.error()}>
            <ProblemNote
              text={`${t("models.failed")} ${explain(app.models.error())}`}
              retry={() => void app.models.refresh()}
            />
          </Show>
          <div role="listbox" id={`${id}-list`} aria-label={t("models.label")} class="models-list">
            <For each={groups()}>
              {(group) => (
                // biome-ignore lint/a11y/useSemanticElements: a group of options, not of form fields.
                <div role="group" aria-label={t(`models.providers.${group.provider}`)}>
                  <div class="models-provider">
                    {t(`models.providers.${group.provider}`)}
                    <Show when={group.reason}>
                      {(reason) => <small>{v("models.unavailable", saidReason(reason(), group.why))}</small>}
                    </Show>
                  </div>
                  <For each={group.models}>
                    {(model) => (
                      // biome-ignore lint/a11y/useFocusableInteractive: focus stays in the input, which names it.
                      // biome-ignore lint/a11y/useKeyWithClickEvents: the input has the keys.
                      <div
                        id={optionId(model)}
                        role="option"
                        class="model"
                        aria-selected={model === props.value}
                        data-active={current() === model}
                        onPointerMove={() => setActive(model)}
                        onClick={() => pick(model)}
                      >
                        <span class="model-line">
                          {model.name}
                          <Show when={model.scripted}>
                            <span class="pill scripted">{t("models.scripted")}</span>
                          </Show>
                        </span>
                        <small class="numbers">{price(model)}</small>
                      </div>
                    )}
                  </For>
                </div>
              )}
            </For>
          </div>
          <Show when={shown().length === 0 && all().length > 0}>
            <p class="models-none">{v("models.none")}</p>
          </Show>
        </Popover.Content>
      </Popover.Portal>
    </Popover>
  );
}
