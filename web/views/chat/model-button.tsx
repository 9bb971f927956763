// The chosen model, and the way to choose another. The list itself is fetched when it is first opened.
import ChevronDown from "lucide-solid/icons/chevron-down";
import FlaskConical from "lucide-solid/icons/flask-conical";
import Sparkles from "lucide-solid/icons/sparkles";
import { createSignal, Show, Suspense } from "solid-js";
import { t } from "../../i18n/locale.ts";
import { useApp } from "../../state/app.tsx";
import { fetched } from "../../state/fetched.ts";
import { withWords } from "../with-words.ts";

const load = () => fetched(() => import("./model-picker.tsx"));
const ModelPicker = withWords(load);

export function ModelButton(props: { class?: string }) {
  const app = useApp();
  let button!: HTMLButtonElement;
  const [open, setOpen] = createSignal(false);
  return (
    <>
      <button
        ref={button}
        type="button"
        class={`button model-button ${props.class ?? ""}`}
        aria-haspopup="dialog"
        aria-expanded={open()}
        onPointerEnter={() => void load()}
        onFocus={() => void load()}
        onClick={() => setOpen((now) => !now)}
      >
        <Show when={app.model()} fallback={<span>{app.models.error() ? t("models.failed") : t("app.loading")}</span>}>
          {(model) => (
            <>
              <span class="visually-hidden">{t("models.label")}: </span>
              <Show when={model().scripted} fallback={<Sparkles size={15} aria-hidden="true" />}>
                <FlaskConical size={15} aria-hidden="true" />
              </Show>
              <span class="model-name">{model().name}</span>
              <small>{model().scripted ? t("models.scripted") : t(`models.providers.${model().provider}`)}</small>
            </>
          )}
        </Show>
        <ChevronDown size={14} aria-hidden="true" />
      </button>
      <Show when={open()}>
        <Suspense>
          <ModelPicker
            anchor={button}
            close={() => setOpen(false)}
            value={app.model()}
            choose={({ provider, id }) => app.change({ provider, model: id })}
          />
        </Suspense>
      </Show>
    </>
  );
}
