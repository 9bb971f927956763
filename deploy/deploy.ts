// `npm run deploy -- [staging|production|containers]`: checks the account, brings the database up to date, builds, deploys with the
// secrets that are set, tries the deployment out, and names its address. `--dry-run` does all that needs no account, for
// every environment.
import { spawnSync } from "node:child_process";
import { randomBytes } from "node:crypto";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, join, resolve } from "node:path";
import { parseArgs } from "node:util";
import { unstable_readConfig as readConfig } from "wrangler";
import { readGiven } from "../local/settings.ts";
import { StartError } from "../local/start-error.ts";
import { parseApiTokens } from "../workers/auth/api-tokens.ts";
import { chooseSecrets, missingFor } from "./secrets.ts";
import { report, smoke } from "./smoke.ts";

const ROOT = resolve(import.meta.dirname, "..");
const ENVIRONMENTS = ["staging", "production", "containers"];
/** What Cloudflare says of a Worker that was never deployed. */
const NOT_THERE = /^[^\n]*Worker "[^"\n]+"[^\n]* not found/im;
const WRANGLER = join(ROOT, "node_modules/wrangler/bin/wrangler.js");

const HELP = `npm run deploy -- [staging|production|containers]     (production when none is named)

  Settings come from .dev.vars.<environment> and from the environment, under the names of .dev.vars.example.
  --dry-run      build and check every environment; needs no account
  --url URL      where the deployment is reached, when that is not what wrangler prints (a custom domain)
  --no-migrate   leave the database of DATABASE_URL as it is
`;

function wrangler(args: string[], quiet = false): { status: number; output: string } {
  // Its build is a command of ours, for the Node that comes with us.
  const PATH = `${join(ROOT, "node_modules/.bin")}${delimiter}${process.env.PATH ?? ""}`;
  const env = { ...process.env, PATH, WRANGLER_SEND_METRICS: "false" };
  const { status, stdout, stderr } = spawnSync(process.execPath, [WRANGLER, ...args], {
    cwd: ROOT,
    env,
    encoding: "utf8",
  });
  const output = `${stdout}${stderr}`;
  if (!quiet) process.stdout.write(output);
  return { status: status ?? 1, output };
}

const step = (what: string) => console.log(`\n› ${what}`);

/** A program of ours, which says itself what is wrong. */
function run(program: string, failed: string, env: NodeJS.ProcessEnv = process.env): void {
  const [path = "", ...args] = program.split(" ");
  const { status } = spawnSync(process.execPath, [join(ROOT, path), ...args], { cwd: ROOT, env, stdio: "inherit" });
  if (status !== 0) throw new StartError(failed, "It says above why; nothing was deployed.");
}

function build(): void {
  step("The page");
  run("local/build.ts --if-stale", "The page could not be built.");
}

function dryRun(): void {
  build();
  for (const environment of ENVIRONMENTS) {
    step(`${environment}, without deploying it`);
    const outdir = join(ROOT, "dist", environment);
    // Its image is built where it is deployed: that alone needs Docker.
    const withoutImages = environment === "containers" ? ["--containers-rollout", "none"] : [];
    const { status } = wrangler(["deploy", "--env", environment, "--dry-run", "--outdir", outdir, ...withoutImages]);
    if (status !== 0) throw new StartError(`${environment} can't be deployed; see above.`, "Mend it, then try again.");
  }
}

function checkAccount(): void {
  step("The account");
  const { status, output } = wrangler(["whoami", "--json"], true);
  if (status !== 0) {
    throw new StartError(
      "You are not signed in to Cloudflare.",
      "npx wrangler login, or set CLOUDFLARE_API_TOKEN and CLOUDFLARE_ACCOUNT_ID (a token with the template “Edit Cloudflare Workers”).",
    );
  }
  const { accounts = [] } = JSON.parse(output.slice(output.indexOf("{"))) as {
    accounts?: { name: string; id: string }[];
  };
  const chosen = process.env.CLOUDFLARE_ACCOUNT_ID;
  const usable = chosen ? accounts.filter(({ id }) => id === chosen) : accounts;
  if (usable.length !== 1) {
    const seen = accounts.map(({ name, id }) => `  ${id}  ${name}`).join("\n") || "  none";
    throw new StartError(
      `Which account to deploy to is not known. Those you may use:\n${seen}`,
      "Set CLOUDFLARE_ACCOUNT_ID to the id of one.",
    );
  }
  console.log(`  ${usable[0]?.name}`);
}

/** The names of the secrets that the deployment has already; none when it was never deployed. */
function knownSecrets(environment: string): string[] {
  const { status, output } = wrangler(["secret", "list", "--env", environment, "--format", "json"], true);
  if (status !== 0) {
    if (NOT_THERE.test(output)) return [];
    // Taken for none, a new admin's token would stand in the place of the one there is.
    throw new StartError(`What is deployed could not be looked up:\n${output.trim()}`, "Mend it, then try again.");
  }
  return (JSON.parse(output.slice(output.indexOf("["))) as { name: string }[]).map(({ name }) => name);
}

async function deploy(environment: string, url: string | undefined, migrate: boolean): Promise<void> {
  const given = readGiven(process.env, join(ROOT, `.dev.vars.${environment}`));
  const { secrets, notes } = chooseSecrets(given, environment === "containers");
  for (const note of notes) console.log(`  ! ${note}`);
  const { vars } = readConfig({ config: join(ROOT, "wrangler.toml"), env: environment });
  checkAccount();
  const known = knownSecrets(environment);
  const missing = missingFor(String(vars.AUTH_MODE), new Set([...known, ...Object.keys(secrets)]));
  if (missing) throw new StartError(missing, `Set them in .dev.vars.${environment}, then try again.`);
  if (!secrets.ADMIN_TOKEN && !known.includes("ADMIN_TOKEN")) {
    secrets.ADMIN_TOKEN = randomBytes(32).toString("base64url");
    console.log(`  The admin's token, told this once: ${secrets.ADMIN_TOKEN}`);
  }

  if (migrate && secrets.DATABASE_URL) {
    step("The database");
    const env = { ...process.env, DATABASE_URL: secrets.DATABASE_URL };
    run("archive/migrate.ts", "The database could not be brought up to date.", env);
  }
  build();

  step(`${environment}, with ${Object.keys(secrets).join(", ")}`);
  const folder = mkdtempSync(join(tmpdir(), "keepstream-deploy-"));
  let output: string;
  try {
    const file = join(folder, "secrets.json");
    writeFileSync(file, JSON.stringify(secrets), { mode: 0o600 });
    const deployed = wrangler(["deploy", "--env", environment, "--secrets-file", file]);
    if (deployed.status !== 0) throw new StartError("It was not deployed; see above.", "Mend it, then try again.");
    ({ output } = deployed);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }

  const [address = url] = /https:\/\/\S+\.workers\.dev/.exec(url ? "" : output) ?? [];
  if (!address) throw new StartError("Wrangler named no address.", "Say where it is: --url https://…");
  step(`Trying out ${address}`);
  const [named] = parseApiTokens(secrets.API_TOKENS ?? "");
  const well = report(await smoke(address, secrets.ADMIN_TOKEN ?? named?.token ?? null));
  console.log(`\n${address}${well ? "" : "  is deployed, and something of it is not well: see above."}`);
  if (!well) process.exitCode = 1;
}

async function main(): Promise<void> {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    allowNegative: true,
    options: {
      help: { type: "boolean", default: false },
      "dry-run": { type: "boolean", default: false },
      migrate: { type: "boolean", default: true },
      url: { type: "string" },
    },
  });
  const [environment = "production"] = positionals;
  if (values.help) return void console.log(HELP);
  if (values["dry-run"]) return dryRun();
  if (!ENVIRONMENTS.includes(environment)) {
    throw new StartError(`There is no environment "${environment}".`, `Name one of ${ENVIRONMENTS.join(", ")}.`);
  }
  await deploy(environment, values.url, values.migrate);
}

try {
  await main();
} catch (error) {
  if (!(error instanceof StartError)) throw error;
  console.error(`\n${error.message}\n${error.remedy}\n`);
  process.exit(1);
}
