// Models that run on this machine already: Ollama on its usual port, and what `npm run model` serves.

export interface LocalServer {
  name: string;
  /** As `COMPATIBLE_BASE_URL` takes it. */
  baseUrl: string;
  models: string[];
}

const PLACES = [
  { name: "Ollama", baseUrl: "http://127.0.0.1:11434/v1" },
  { name: "npm run model", baseUrl: `http://127.0.0.1:${process.env.MODEL_PORT || 8081}/v1` },
] as const;
/** A server on this machine answers at once, or it is no use to wait for it. */
const PATIENCE_MS = 700;

/** The servers that answer, with at least one model or, to say so, with none. Never rejects. */
export async function findLocalServers(
  places: readonly Omit<LocalServer, "models">[] = PLACES,
): Promise<LocalServer[]> {
  const asked = await Promise.all(places.map(async (place) => ({ ...place, models: await modelsAt(place.baseUrl) })));
  return asked.flatMap(({ models, ...place }) => (models ? [{ ...place, models }] : []));
}

async function modelsAt(baseUrl: string): Promise<string[] | undefined> {
  try {
    const response = await fetch(`${baseUrl}/models`, { signal: AbortSignal.timeout(PATIENCE_MS) });
    const { data } = (await response.json()) as { data: { id: string }[] | null };
    return response.ok ? (data ?? []).map(({ id }) => id) : undefined;
  } catch {
    return undefined;
  }
}
