// A view or dialog that is fetched when it is first wanted, with its words.
import { type Component, lazy } from "solid-js";
import { loadViewWords } from "../i18n/views.ts";
import { fetched } from "../state/fetched.ts";

export const withWords = <Props extends Record<string, unknown>>(load: () => Promise<{ default: Component<Props> }>) =>
  lazy(() => fetched(async () => (await Promise.all([load(), loadViewWords()]))[0]));
