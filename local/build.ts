// Builds the page into `dist/web/`, with what /docs needs to work offline. `node local/build.ts` always builds;
// `--if-stale` only when the sources have changed since.
import { createHash } from "node:crypto";
import { existsSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join, relative, resolve } from "node:path";
import type { InlineConfig, Plugin } from "vite";

const ROOT = resolve(import.meta.dirname, "..");
const OUT = join(ROOT, "dist/web");
/** What the page was built from, as `fingerprint` says it. */
const STAMP = join(ROOT, "dist/web.built-from");
const SOURCES = ["web", "protocol", "local/build.ts", "package-lock.json"];

const START_DOCS = `SwaggerUIBundle({ url: "/openapi.json", dom_id: "#swagger-ui", deepLinking: true, tryItOutEnabled: true });\n`;

/** Serves the API's documentation page from our own files. */
function apiDocs(): Plugin {
  const { resolve: find } = createRequire(import.meta.url);
  return {
    name: "keepstream-api-docs",
    generateBundle() {
      for (const file of ["swagger-ui.css", "swagger-ui-bundle.js"]) {
        const source = readFileSync(find(`swagger-ui-dist/${file}`));
        this.emitFile({ type: "asset", fileName: `api-docs/${file}`, source });
      }
      this.emitFile({ type: "asset", fileName: "api-docs/start.js", source: START_DOCS });
    },
  };
}

function config(outDir: string): InlineConfig {
  return {
    configFile: join(ROOT, "web/vite.config.ts"),
    plugins: [apiDocs()],
    logLevel: "warn",
    build: { outDir, emptyOutDir: true, reportCompressedSize: false },
  };
}

/** Builds aside and puts it in place at once, so that nobody is served half a page. Rejects when the build fails. */
export async function buildPage(): Promise<void> {
  const from = fingerprint();
  const aside = `${OUT}.new-${process.pid}`;
  const old = `${OUT}.old-${process.pid}`;
  try {
    const { build } = await import("vite");
    await build(config(aside));
    if (existsSync(OUT)) renameSync(OUT, old);
    renameSync(aside, OUT);
    writeFileSync(STAMP, from);
  } finally {
    for (const folder of [aside, old]) rmSync(folder, { recursive: true, force: true });
  }
}

/** Builds the page again whenever its sources change, until `close`. */
export async function watchPage(): Promise<{ close(): Promise<void> }> {
  rmSync(STAMP, { force: true });
  const { build } = await import("vite");
  const base = config(OUT);
  const watcher = await build({ ...base, build: { ...base.build, watch: {} } });
  return { close: async () => ("close" in watcher ? watcher.close() : undefined) };
}

export type PageState = "fresh" | "stale" | "missing";

export function pageState(): PageState {
  if (!existsSync(join(OUT, "index.html"))) return "missing";
  return existsSync(STAMP) && readFileSync(STAMP, "utf8") === fingerprint() ? "fresh" : "stale";
}

/** A digest of everything the page is made from. */
function fingerprint(): string {
  const digest = createHash("sha256");
  for (const file of SOURCES.flatMap((source) => filesUnder(join(ROOT, source)))) {
    digest
      .update(`${relative(ROOT, file)}\0`)
      .update(readFileSync(file))
      .update("\0");
  }
  return digest.digest("hex");
}

function filesUnder(path: string): string[] {
  try {
    const entries = readdirSync(path, { withFileTypes: true });
    return entries
      .filter(({ name }) => !name.includes(".test."))
      .sort((a, b) => (a.name < b.name ? -1 : 1))
      .flatMap((entry) => (entry.isDirectory() ? filesUnder(join(path, entry.name)) : [join(path, entry.name)]));
  } catch {
    return existsSync(path) ? [path] : [];
  }
}

if (import.meta.main && !(process.argv.includes("--if-stale") && pageState() === "fresh")) await buildPage();
