// An organisation that signs people in: its keys, and assertions of them, as Cloudflare Access makes them.
import { exportJWK, generateKeyPair, type JWTPayload, SignJWT } from "jose";
import { inject } from "vitest";

export interface Team {
  settings: Record<string, string>;
  /** An assertion about `email`, with whatever is to be otherwise. */
  assertion(email: string, more?: JWTPayload, expires?: string): Promise<string>;
  /** Publishes a new key beside the old one, and signs with it from now on. */
  rotate(): Promise<void>;
  /** Answers with this status from now on: 200 with its keys. Rotating does so, too. */
  answers(status: number): Promise<void>;
  /** How often the keys were fetched. */
  asked(): Promise<number>;
}

let teams = 0;

export async function team(): Promise<Team> {
  const issuer = `${inject("accessUrl")}/team-${Date.now()}-${++teams}`;
  const audience = "the-audience-of-this-application";
  const published: object[] = [];
  let key: CryptoKey;
  let kid: string;

  async function answers(status: number): Promise<void> {
    const body = JSON.stringify(status === 200 ? { keys: published } : { status });
    await fetch(`${issuer}/cdn-cgi/access/certs`, { method: "PUT", body });
  }

  async function rotate(): Promise<void> {
    const pair = await generateKeyPair("RS256", { extractable: true });
    kid = crypto.randomUUID();
    key = pair.privateKey;
    published.push({ ...(await exportJWK(pair.publicKey)), kid, alg: "RS256", use: "sig" });
    await answers(200);
  }

  await rotate();
  return {
    settings: { AUTH_MODE: "access", ACCESS_TEAM_DOMAIN: issuer, ACCESS_AUD: `another, ${audience}` },
    assertion: (email, more = {}, expires = "5m") =>
      new SignJWT({ iss: issuer, aud: [audience], sub: email, email, ...more })
        .setProtectedHeader({ alg: "RS256", kid })
        .setIssuedAt(Math.floor(Date.now() / 1000) - 60)
        .setExpirationTime(expires)
        .sign(key),
    rotate,
    answers,
    asked: async () => Number(await (await fetch(`${issuer}/asked`)).text()),
  };
}
