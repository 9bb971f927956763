// Light, dark, or as the system is. `public/theme.js` sets the remembered one before the first paint.
import { createSignal } from "solid-js";
import { recall, remember } from "./storage.ts";

export type Theme = "system" | "light" | "dark";
export const THEMES: readonly Theme[] = ["system", "light", "dark"];

const recalled = recall("theme");
const [theme, setSignal] = createSignal<Theme>(recalled === "light" || recalled === "dark" ? recalled : "system");

export { theme };

export function setTheme(next: Theme): void {
  setSignal(next);
  const root = document.documentElement;
  if (next === "system") delete root.dataset.theme;
  else root.dataset.theme = next;
  remember("theme", next === "system" ? null : next);
}
