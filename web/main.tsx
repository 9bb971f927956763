// The page's entry: the reader's words first, then the page.
import { render } from "solid-js/web";
import "./style/fonts.css";
import "./style/tokens.css";
import "./style/base.css";
import "./components/components.css";
import { start } from "./i18n/locale.ts";
import { Page } from "./page.tsx";
import { recall, remember } from "./state/storage.ts";

// A newer version was deployed while this one was open: its parts are gone from the server. What was typed and what
// is being answered are kept, so the page simply comes back as the new one; once, in case it is something else.
const RELOADED = "reloaded";
window.addEventListener("vite:preloadError", (event) => {
  if (Date.now() - Number(recall(RELOADED) ?? 0) < 60_000) return;
  event.preventDefault();
  remember(RELOADED, String(Date.now()));
  location.reload();
});

await start();
const root = document.getElementById("app");
if (!root) throw new Error("index.html has no #app");
render(() => <Page />, root);
