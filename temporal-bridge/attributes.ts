// The search attributes by which workflows are found, in Temporal's UI and in lists.

export const SEARCH_ATTRIBUTES = ["ChatId", "Provider", "Model", "Owner"] as const;
export type SearchAttribute = (typeof SEARCH_ATTRIBUTES)[number];
