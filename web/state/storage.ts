// What the page remembers on this device. Storage may be refused or full: remembering is then quietly lost.

const PREFIX = "keepstream.";

export function recall(key: string): string | null {
  try {
    return localStorage.getItem(PREFIX + key);
  } catch {
    return null;
  }
}

/** Remembers a text; `null` forgets it. */
export function remember(key: string, value: string | null): void {
  try {
    if (value === null) localStorage.removeItem(PREFIX + key);
    else localStorage.setItem(PREFIX + key, value);
  } catch {
    // A full or refused storage costs a preference, never an answer.
  }
}

/** What was remembered as JSON, or `undefined` when there is nothing readable. */
export function recallJson<T>(key: string): T | undefined {
  const text = recall(key);
  if (text === null) return undefined;
  try {
    return JSON.parse(text) as T;
  } catch {
    return undefined;
  }
}
