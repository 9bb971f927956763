// A figure the reader can change. What is not a number of zero or more changes nothing.
import { Show } from "solid-js";

export function NumberField(props: { label: string; value: number; unit?: string; change: (value: number) => void }) {
  return (
    <label class="number-field">
      <span>{props.label}</span>
      <span class="number-input">
        <input
          type="number"
          min="0"
          step="any"
          inputmode="decimal"
          class="numbers"
          value={Number(props.value.toPrecision(6))}
          onInput={(event) => {
            const next = event.currentTarget.valueAsNumber;
            if (Number.isFinite(next) && next >= 0) props.change(next);
          }}
          onBlur={(event) => {
            event.currentTarget.value = String(props.value);
          }}
        />
        <Show when={props.unit}>
          <span aria-hidden="true">{props.unit}</span>
        </Show>
      </span>
    </label>
  );
}
