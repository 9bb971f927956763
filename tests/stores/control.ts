// What a test, in Node or in workerd, asks of the stores that the global setup has: their addresses, and lines of its own
// that it can break. An outage on the test's own line disturbs no other test.

/** What the Worker is told of its stores. */
export interface StoreSettings {
  UPSTASH_REDIS_REST_URL: string;
  UPSTASH_REDIS_REST_TOKEN: string;
  DATABASE_URL: string;
  NEON_FETCH_ENDPOINT: string;
}

/** From `inject("stores")`. */
export interface ProvidedStores {
  /** What the Worker of the workerd tests is told: the real stores where there are any, else the embedded ones. */
  settings: StoreSettings;
  /** Why there are no real ones, where that is allowed. */
  withoutReal: string | undefined;
  controlUrl: string;
}

export interface TestLine {
  settings: StoreSettings;
  /** `refuse`: connections are refused. `hang`: nothing gets through. `pass`: as it was. `cut`: open ones break. */
  set(store: "cache" | "archive", mode: "pass" | "refuse" | "hang" | "cut"): Promise<void>;
}

/** Settings that lead to the stores by a line of one's own. Starts them if need be, and waits until they answer. */
export async function openLine(
  { controlUrl }: ProvidedStores,
  kind: "embedded" | "real",
  ...stores: ("cache" | "archive")[]
): Promise<TestLine> {
  const { id, settings } = (await ask(`${controlUrl}/lines`, { kind, stores })) as {
    id: number;
    settings: StoreSettings;
  };
  return { settings, set: async (store, mode) => void (await ask(`${controlUrl}/lines/${id}`, { store, mode })) };
}

async function ask(url: string, body: object): Promise<unknown> {
  const response = await fetch(url, { method: "POST", body: JSON.stringify(body) });
  if (!response.ok) throw new Error(`${url}: ${response.status} ${await response.text()}`);
  return response.json();
}
