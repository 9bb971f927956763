// The page's entry: the reader's words first, then the page.
import { render } from "solid-js/web";
import "./style/fonts.css";
import "./style/tokens.css";
import "./style/base.css";
import "./components/components.css";
import { start } from "./i18n/locale.ts";
import { Page } from "./page.tsx";

await start();
const root = document.getElementById("app");
if (!root) throw new Error("index.html has no #app");
render(() => <Page />, root);
