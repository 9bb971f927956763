// What a deployment knows as a whole: the tokens its admin made, and the secret that signs its anonymous sessions where
// none was configured.
import { DurableObject } from "cloudflare:workers";
import { getLogger } from "@logtape/logtape";
import type { KeptToken } from "../archive/archive.ts";
import { archiveOf } from "../archive/config.ts";
import { reasonOf } from "../archive/reason.ts";
import type { TokenSummary } from "../protocol/access.ts";
import { MAX_TOKENS } from "../protocol/limits.ts";
import { fail, ok, type Result } from "../protocol/problems.ts";
import { durableDisk } from "./durable-disk.ts";
import { isMigrated, migrate } from "./migrations.ts";
import { newSecret } from "./secret.ts";
import { TOKEN_STEPS, Tokens } from "./tokens.ts";

const logger = getLogger(["keepstream", "deployment"]);

/** Tokens that the archive is told of together. */
const TOLD_AT_ONCE = 200;
/** When an archive that could not be told of a token is told again. */
const TELL_AGAIN_MS = 60_000;

export class DeploymentObject extends DurableObject<Env> {
  readonly #disk = durableDisk(this.ctx.storage);
  readonly #tokens = new Tokens(this.#disk);
  #ready = false;

  constructor(ctx: DurableObjectState, env: Env) {
    super(ctx, env);
    if (!isMigrated(this.#disk)) return;
    this.#open();
    // Those of before there was an archive, or whose alarm was given up.
    if (this.#tokens.untold(1).length > 0) void this.#tellSoon();
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
    this.#tokens.add({ token, digest }, false);
    await this.#tellSoon();
    return ok(null);
  }

  /** Takes the tokens that the archive has and that are not known here; gives how many these were. */
  async restoreTokens(kept: readonly KeptToken[]): Promise<number> {
    this.#open();
    const before = this.#tokens.count;
    this.#disk.transaction(() => {
      for (const each of kept) this.#tokens.add(each, true);
    });
    return this.#tokens.count - before;
  }

  async findToken(digest: string): Promise<TokenSummary | null> {
    return (this.#ready && this.#tokens.find(digest)) || null;
  }

  async tokens(): Promise<TokenSummary[]> {
    return this.#ready ? this.#tokens.list() : [];
  }

  /** Those by which a person comes in, the newest first. */
  async tokensOf(person: string): Promise<TokenSummary[]> {
    return this.#ready ? this.#tokens.of(person) : [];
  }

  /** Whose it was; null when there is no such token. */
  async revokeToken(id: string): Promise<string | null> {
    const person = this.#ready ? this.#tokens.revoke(id, Date.now()) : undefined;
    if (person === undefined) return null;
    await this.#tellSoon();
    return person;
  }

  /** The archive is told by the alarm, so that nobody waits for it and no crash comes between. */
  async #tellSoon(): Promise<void> {
    if (archiveOf(this.env).archive && (await this.ctx.storage.getAlarm()) === null) {
      await this.ctx.storage.setAlarm(Date.now());
    }
  }

  override async alarm(): Promise<void> {
    const { archive } = archiveOf(this.env);
    if (!archive || !this.#ready) return;
    try {
      for (;;) {
        const untold = this.#tokens.untold(TOLD_AT_ONCE);
        if (untold.length === 0) return;
        await archive.saveTokens(untold);
        this.#tokens.told(untold);
      }
    } catch (error) {
      logger.warn("the archive could not be told of tokens; trying again until it can", { error: reasonOf(error) });
      await this.ctx.storage.setAlarm(Date.now() + TELL_AGAIN_MS);
    }
  }
}
