// Sees to it that there is a page to serve before the server starts.
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { StartError } from "./start-error.ts";

const ROOT = resolve(import.meta.dirname, "..");
const OUT = join(ROOT, "dist/web");

const PLACEHOLDER = `<!doctype html>
<html lang="en"><meta charset="utf-8"><title>Keepstream</title>
<p>The page is not built yet: <code>npm run build</code>, then reload. The API works without it.</p></html>
`;

/**
 * Builds the page when its sources have changed. The build is a process of its own: its memory is gone when it is done.
 * Returns what the person should know: an older page that builds no more is served rather than none.
 */
export function ensurePage(): string | undefined {
  const { status, signal, stderr, stdout } = spawnSync(process.execPath, [join(ROOT, "local/build.ts"), "--if-stale"], {
    encoding: "utf8",
  });
  // Stopped by Ctrl-C, as we are.
  if (status === 0 || signal !== null) return undefined;
  const reason = `${stdout}\n${stderr}`.trim();
  if (!existsSync(join(OUT, "index.html"))) {
    throw new StartError(
      `The page could not be built:\n${reason}`,
      "Mend it, or start the API alone: npm start -- --no-page",
    );
  }
  return `The page could not be built; the one from before is served. npm run build tells why.`;
}

/** Makes the folder that wrangler insists on, for a start without the page. */
export function ensurePlaceholder(): void {
  if (existsSync(OUT)) return;
  mkdirSync(OUT, { recursive: true });
  writeFileSync(join(OUT, "index.html"), PLACEHOLDER);
}
