// What a deployment knows as a whole: the tokens its admin made, and the secret that signs its anonymous sessions where
// none was configured.
import { DurableObject } from "cloudflare:workers";
import type { TokenSummary } from "../protocol/access.ts";
import { MAX_TOKENS } from "../protocol/limits.ts";
import { fail, ok, type Result } from "../protocol/problems.ts";
import { durableDisk } from "./durable-disk.ts";
import { isMigrated, migrate } from "./migrations.ts";
import { newSecret } from "./secret.ts";
import { TOKEN_STEPS, Tokens } from "./tokens.ts";

export class DeploymentObject extends DurableObject<Env> {
  readonly #disk = durableDisk(this.ctx.storage);
  readonly #tokens = new Tokens(this.#disk);
  #ready = false;

  constructor(ctx: DurableObjectState, env: Env) {
    super(ctx, env);
    if (isMigrated(this.#disk)) this.#open();
  }

  #open(): void {
    if (!this.#ready) migrate(this.#disk, TOKEN_STEPS);
    this.#ready = true;
  }

  /** For the health check. */
  async ping(): Promise<void> {}

  /** Made once and kept. */
  async sessionSecret(): Promise<string> {
    const kept = await this.ctx.storage.get<string>("session-secret");
    if (kept) return kept;
    const secret = newSecret();
    await this.ctx.storage.put("session-secret", secret);
    return secret;
  }

  async addToken(token: TokenSummary, digest: string): Promise<Result<null>> {
    this.#open();
    const { count } = this.#tokens;
    if (count >= MAX_TOKENS) {
      return fail("conflict", `There are ${count} tokens; the limit is ${MAX_TOKENS}.`, {
        limit: MAX_TOKENS,
        value: count,
      });
    }
    this.#tokens.add(token, digest);
    return ok(null);
  }

  async findToken(digest: string): Promise<TokenSummary | null> {
    return (this.#ready && this.#tokens.find(digest)) || null;
  }

  async tokens(): Promise<TokenSummary[]> {
    return this.#ready ? this.#tokens.list() : [];
  }

  async revokeToken(id: string): Promise<boolean> {
    return this.#ready && this.#tokens.revoke(id, Date.now());
  }
}
