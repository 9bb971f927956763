// SHA-256, for what is recognised by its digest instead of by itself.

/** The SHA-256 of a text's UTF-8, as 64 hex digits. */
export async function digestOf(text: string): Promise<string> {
  const digest = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(text));
  return [...new Uint8Array(digest)].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}

/** Whether what was given is the secret. Digests are compared, which share no beginning with a guess that shares one. */
export async function isSecret(given: string, secret: string): Promise<boolean> {
  return (await digestOf(given)) === (await digestOf(secret));
}
