// A key no other ask has. `crypto.randomUUID` is missing where the page came over plain HTTP from another machine.
export function makeKey(): string {
  return Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, "0")).join("");
}
