// Short messages at the foot of the page, each with at most one thing to do about it.
import { createSignal } from "solid-js";

export interface Toast {
  id: number;
  text: string;
  action?: { label: string; run: () => void };
}

const SHOWN_FOR = 6_000;
let lastId = 0;

const [toasts, setToasts] = createSignal<readonly Toast[]>([]);

export { toasts };

export function dismiss(id: number): void {
  setToasts((now) => now.filter((toast) => toast.id !== id));
}

/** Shows a message; returns its id. */
export function toast(text: string, action?: Toast["action"], shownFor = SHOWN_FOR): number {
  const id = ++lastId;
  setToasts((now) => [...now, { id, text, ...(action && { action }) }]);
  setTimeout(() => dismiss(id), shownFor);
  return id;
}
