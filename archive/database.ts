// Postgres by HTTP: Neon's driver under drizzle, one request a batch, each with a budget of its own.
import { neon, neonConfig } from "@neondatabase/serverless";
import { drizzle } from "drizzle-orm/neon-http";

/** The database, for what is asked within the next `budgetMs`; what takes longer is given up, and rejects. */
export type Connect = (budgetMs: number) => Database;
export type Database = ReturnType<typeof open>;

const open = (url: string, budgetMs: number) =>
  drizzle(neon(url, { fetchOptions: { budgetMs } }), { casing: "snake_case" });

/**
 * Gives a request up when its budget is used up. The timer ends with the answer: one that is left running would keep a
 * chat's object in memory, and billed, after all that it had to say was said.
 */
neonConfig.fetchFunction = async (url: string, { budgetMs, ...init }: RequestInit & { budgetMs: number }) => {
  const late = new AbortController();
  const timer = setTimeout(() => late.abort(new Error(`No answer within ${budgetMs} ms`)), budgetMs);
  try {
    const response = await fetch(url, { ...init, signal: late.signal });
    return new Response(await response.arrayBuffer(), response);
  } finally {
    clearTimeout(timer);
  }
};

/** Where databases answer that are not Neon's, by the host that their URLs get. The driver has one setting for all. */
const endpoints = new Map<string, string>();
const neonsOwn = neonConfig.fetchEndpoint;

neonConfig.fetchEndpoint = (host, port, options) => {
  const own = endpoints.get(host);
  return own ?? (typeof neonsOwn === "string" ? neonsOwn : neonsOwn(host, port, options));
};

/** `endpoint` is where a stand-in for Neon's own takes the requests. */
export function connector(url: string, endpoint?: string): Connect {
  const address = new URL(url);
  if (endpoint !== undefined) {
    address.hostname = `endpoint-${endpoint.replace(/\W+/g, "-")}`;
    endpoints.set(address.hostname, endpoint);
  }
  return (budgetMs) => open(address.href, budgetMs);
}
