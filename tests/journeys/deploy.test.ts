// Proves docs/deploy.md, "The short way", against a played Cloudflare: every step of `npm run deploy` says clearly when it
// fails, and nothing of what follows it is done.
import { spawn } from "node:child_process";
import { createServer, type IncomingMessage, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { resolve } from "node:path";
import { describe, expect, it } from "vitest";
import { freePort } from "../../local/ports.ts";
import { Stack } from "./stack.ts";

const ROOT = resolve(import.meta.dirname, "../..");
const ACCOUNT = "0123456789abcdef0123456789abcdef";
const ONE = { id: ACCOUNT, name: "One" };
const ADMIN_TOKEN = "the-admin-of-the-deployment";
const KEY = "sk-of-the-deployment";

/** What of Cloudflare's API wrangler asks for, and how it answers. */
interface Play {
  accounts?: { id: string; name: string }[];
  signedIn?: boolean;
  /** What is deployed already: the names of its secrets; null when nothing is, "away" when it can't be told. */
  secrets?: string[] | null | "away";
  upload?: "takes" | "refuses";
}

class PlayedCloudflare {
  readonly asked: string[] = [];
  /** What came with the Worker. */
  uploaded = "";
  readonly #server: Server;
  readonly #play: Play;

  private constructor(play: Play) {
    this.#play = play;
    this.#server = createServer(async (request, response) => {
      const [status, body] = this.#answer(request, await textOf(request));
      response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(body));
    });
  }

  static async start(play: Play): Promise<PlayedCloudflare> {
    const played = new PlayedCloudflare(play);
    await new Promise<void>((listening) => played.#server.listen(0, "127.0.0.1", listening));
    return played;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}/client/v4`;
  }

  close(): void {
    this.#server.closeAllConnections();
    this.#server.close();
  }

  #answer({ method, url = "" }: IncomingMessage, body: string): [number, object] {
    const path = url.replace("/client/v4", "").replace(/\?.*/, "");
    this.asked.push(`${method} ${path}`);
    const { accounts = [ONE], signedIn = true, secrets = null, upload = "takes" } = this.#play;
    const script = `/accounts/${ACCOUNT}/workers/scripts/keepstream-staging`;
    if (!signedIn) return refused(401, 10000, "Authentication error");
    if (path === "/user/tokens/verify") return given({ id: "token", status: "active" });
    if (path === "/user") return given({ id: "user", email: "ann@example.org" });
    if (path === "/accounts") return given(accounts);
    if (path === "/memberships") return given(accounts.map((account) => ({ id: account.id, account })));
    if (path === `${script}/secrets`) {
      if (secrets === "away") return refused(500, 10013, "An unknown error has occurred");
      if (secrets === null) return refused(404, 10007, "This Worker does not exist on your account.");
      return given(secrets.map((name) => ({ name, type: "secret_text" })));
    }
    if (path.endsWith("/workers/services/keepstream-staging")) {
      return refused(404, 10090, "workers.api.error.service_not_found");
    }
    if (path === `${script}/assets-upload-session`) return given({ jwt: "assets", buckets: [] });
    if (method === "PUT" && path === script) {
      if (upload === "refuses") return refused(403, 10023, "You do not have access to Durable Objects.");
      this.uploaded = body;
      return given({ id: "keepstream-staging", etag: "1", deployment_id: "1", startup_time_ms: 1 });
    }
    if (path === `${script}/deployments`) return given({ deployments: [] });
    if (path === `/accounts/${ACCOUNT}/workers/subdomain`) return given({ subdomain: "one" });
    if (path.endsWith("/workers/workers/keepstream-staging")) {
      return given({ id: "1", name: "keepstream-staging", subdomain: { enabled: true, previews_enabled: false } });
    }
    if (path === `${script}/subdomain`) return given({ enabled: true, previews_enabled: false });
    return given({});
  }
}

const given = (result: object): [number, object] => [
  200,
  { success: true, errors: [], messages: [], result, result_info: { page: 1, per_page: 50, total_pages: 1 } },
];
const refused = (status: number, code: number, message: string): [number, object] => [
  status,
  { success: false, errors: [{ code, message }], messages: [], result: null },
];

async function textOf(request: IncomingMessage): Promise<string> {
  const pieces: Buffer[] = [];
  for await (const piece of request) pieces.push(piece as Buffer);
  return Buffer.concat(pieces).toString();
}

/** Runs `npm run deploy -- staging` with `settings` on the played Cloudflare. */
async function deploy(play: Play, settings: Record<string, string> = {}, args: string[] = []) {
  const cloudflare = await PlayedCloudflare.start(play);
  const env = {
    PATH: process.env.PATH ?? "",
    HOME: process.env.HOME ?? "",
    CI: "true",
    CLOUDFLARE_API_BASE_URL: cloudflare.url,
    CLOUDFLARE_API_TOKEN: "played",
    OPENAI_API_KEY: KEY,
    ...settings,
  };
  const child = spawn(process.execPath, ["deploy/deploy.ts", "staging", ...args], { cwd: ROOT, env });
  let output = "";
  child.stdout.on("data", (chunk) => {
    output += chunk;
  });
  child.stderr.on("data", (chunk) => {
    output += chunk;
  });
  const code = await new Promise((ended) => child.on("close", ended));
  cloudflare.close();
  return { code, output, cloudflare };
}

/** A build of the page, and wrangler several times, on a machine that does much else. */
const PATIENCE_MS = 300_000;
/** Nothing was sent to be kept. */
const onlyLooked = ({ asked, uploaded }: PlayedCloudflare) =>
  uploaded === "" && asked.every((call) => call.startsWith("GET "));

describe("npm run deploy", { timeout: PATIENCE_MS }, () => {
  it.each<[string, Play, Record<string, string>, RegExp]>([
    ["nobody is signed in", { signedIn: false }, {}, /You are not signed in to Cloudflare\.\n.*wrangler login/],
    [
      "it is not known which account is meant",
      { accounts: [ONE, { id: "f".repeat(32), name: "Two" }] },
      {},
      new RegExp(`Which account.*\\n.*${ACCOUNT} +One\\n.*Two\\nSet CLOUDFLARE_ACCOUNT_ID`),
    ],
    [
      "no provider is set up",
      {},
      { OPENAI_API_KEY: "" },
      /Nobody could be answered: .*OPENAI_API_KEY.*\n.*\.dev\.vars\.staging/,
    ],
    ["what is there can't be looked up", { secrets: "away" }, {}, /could not be looked up/],
    [
      "the database can't be migrated",
      {},
      { DATABASE_URL: "postgresql://u:p@nowhere.invalid/archive" },
      /The database could not be brought up to date\./,
    ],
  ])("stops before it changes anything when %s, and says so", async (_, play, settings, said) => {
    const { code, output, cloudflare } = await deploy(play, settings);
    expect(output).toMatch(said);
    expect([code, onlyLooked(cloudflare)]).toEqual([1, true]);
    // A token that is told once, and not set, would be believed.
    if (play.secrets === "away") expect(output).not.toContain("told this once");
  });

  it("says when Cloudflare does not take the Worker", async () => {
    const { code, output, cloudflare } = await deploy({ upload: "refuses" }, { ADMIN_TOKEN });
    expect(output).toMatch(/You do not have access to Durable Objects\.[\s\S]*It was not deployed; see above\./);
    expect([code, cloudflare.uploaded, output.includes("Trying out")]).toEqual([1, "", false]);
  });

  it("says when what was deployed is not well", async () => {
    const nobody = `http://127.0.0.1:${await freePort()}`;
    const { code, output, cloudflare } = await deploy({ secrets: ["ADMIN_TOKEN"] }, {}, ["--url", nobody]);
    expect(output).toMatch(/✗ the page is served/);
    expect(output).toContain(`${nobody}  is deployed, and something of it is not well`);
    expect([code, cloudflare.uploaded.includes(KEY)]).toEqual([1, true]);
  });

  it("deploys with the secrets that are set, tries it out, and names its address; and says no secret", async () => {
    const stack = await Stack.start({ page: true, env: { ADMIN_TOKEN } });
    try {
      const { code, output, cloudflare } = await deploy({}, { ADMIN_TOKEN }, ["--url", stack.url]);
      expect(output).toMatch(/✓ an answer comes, is kept, and is read again/);
      expect(output.trim().endsWith(stack.url)).toBe(true);
      expect([code, ...[KEY, ADMIN_TOKEN].map((each) => cloudflare.uploaded.includes(each))]).toEqual([0, true, true]);
      for (const each of [KEY, ADMIN_TOKEN]) expect(output).not.toContain(each);
    } finally {
      await stack.dispose();
    }
  });
});
