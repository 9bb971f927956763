// What a deployment knows as a whole: the secret that signs its anonymous sessions, where none was configured.
import { DurableObject } from "cloudflare:workers";

export class DeploymentObject extends DurableObject<Env> {
  /** For the health check. */
  async ping(): Promise<void> {}

  /** 256 random bits as hex, made once and kept. */
  async sessionSecret(): Promise<string> {
    const kept = await this.ctx.storage.get<string>("session-secret");
    if (kept) return kept;
    const secret = [...crypto.getRandomValues(new Uint8Array(32))].map((b) => b.toString(16).padStart(2, "0")).join("");
    await this.ctx.storage.put("session-secret", secret);
    return secret;
  }
}
