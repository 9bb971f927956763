// Tenants: who shares answers and figures. Everybody who came without a token of the deployment's shares one; each of
// those tokens has one of its own.

const OPEN_TENANT = "open";

export function tenantOf(person: string): string {
  return person.startsWith("anon:") ? OPEN_TENANT : person;
}
