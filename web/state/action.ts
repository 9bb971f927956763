// Something that is done when the reader says so: whether it is under way, and why it failed.
import { createSignal } from "solid-js";

export function makeAction() {
  const [busy, setBusy] = createSignal(false);
  const [failure, setFailure] = createSignal<unknown>(null);
  return {
    busy,
    failure,
    async run(act: () => Promise<void>): Promise<void> {
      setBusy(true);
      setFailure(null);
      try {
        await act();
      } catch (error) {
        setFailure(() => error);
      }
      setBusy(false);
    },
  };
}
