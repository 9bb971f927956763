// The page's build: `web/` → `dist/web/`, which the Worker serves. In development the API is another process.
import { defineConfig, type Plugin } from "vite";
import solid from "vite-plugin-solid";

const api = process.env.KEEPSTREAM_API ?? "http://127.0.0.1:8787";

/** The layers' order, in front of every style sheet: whichever of them comes first, it is the same. */
function layerOrder(): Plugin {
  return {
    name: "keepstream-layer-order",
    generateBundle(_, bundle) {
      for (const asset of Object.values(bundle)) {
        if (asset.type !== "asset" || !asset.fileName.endsWith(".css")) continue;
        asset.source = `@layer tokens,base,parts;${asset.source}`;
      }
    },
  };
}

const NEEDED_AT_ONCE = new RegExp(
  [
    "/web/api/(client|chats)\\.ts",
    "/web/components/(copy-button|logo|menu-button|problem|segmented|title-input|tooltip)\\.tsx",
    "/web/state/(app|chats|clipboard|fetched|remote|toasts)\\.tsx?",
    "/web/i18n/(locale|said|typography|views)\\.ts",
    "/web/views/(open-drawer|shortcuts|with-words)\\.tsx?",
    "/web/views/sidebar/chat-item\\.tsx",
    "/lucide-solid/.*/(Icon|ban|check|chevron-down|circle-alert|circle-check|menu|rotate-cw|search)\\.js",
  ].join("|"),
);

export default defineConfig({
  root: import.meta.dirname,
  plugins: [solid(), layerOrder()],
  build: {
    outDir: "../dist/web",
    emptyOutDir: true,
    target: "es2022",
    // Nothing is inlined as a data URL, so the content security policy needs no `data:` for fonts or scripts.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    // What every page needs is one file: a dozen small ones, split off because a view uses them too, cost more than they hold.
    rolldownOptions: { output: { codeSplitting: { groups: [{ name: "page", test: NEEDED_AT_ONCE }] } } },
  },
  server: {
    proxy: {
      // Not the page's own modules: in development `web/api/client.ts` is at `/api/client.ts`.
      "^/api/(?!.*\\.tsx?(\\?|$))": api,
      "/health": api,
      "/docs": api,
      "/openapi.json": api,
      "/ws": { target: api, ws: true },
    },
  },
});
