// A part of the page that is fetched when it is first wanted. While the server is out of reach it waits, and comes when
// the server is back. Where the server answers and has it no more, a newer version was deployed meanwhile: what was typed
// and what is being answered are kept, so the page simply comes back as the new one; once, in case it is something else.
import { answers } from "../api/client.ts";
import { recall, remember } from "./storage.ts";

const RELOADED = "reloaded";
/** Not again within this, ms. */
const ONCE = 60_000;
const TRY_EVERY = 2_000;

const soon = () =>
  new Promise<void>((resolve) => {
    const timer = setTimeout(done, TRY_EVERY);
    function done() {
      clearTimeout(timer);
      window.removeEventListener("online", done);
      resolve();
    }
    window.addEventListener("online", done);
  });

export async function fetched<Part>(load: () => Promise<Part>): Promise<Part> {
  for (;;) {
    try {
      return await load();
    } catch {
      while (!(await answers())) await soon();
    }
    try {
      return await load();
    } catch (error) {
      if (!(await answers())) continue;
      if (Date.now() - Number(recall(RELOADED) ?? 0) < ONCE) throw error;
      remember(RELOADED, String(Date.now()));
      location.reload();
      return new Promise(() => {});
    }
  }
}
