// Which messages are shown: from a chat's tree, the branch the person chose, or the one that leads to the latest.
import type { MessageState } from "../../protocol/reduce.ts";

export interface PathStep {
  id: string;
  /** The versions of this message, itself included, oldest first. */
  siblings: readonly string[];
  index: number;
}

/** The person's choices: for a parent (`""` is the root), the version to show. */
export type Chosen = Readonly<Record<string, string>>;

export const parentKey = (parent: string | null): string => parent ?? "";

/**
 * The shown path from the root. Messages come in the order of the log, so a parent is always before its children and
 * the last message is the latest one.
 */
export function visiblePath(messages: Readonly<Record<string, MessageState>>, chosen: Chosen): PathStep[] {
  const inOrder = Object.values(messages);
  const children = new Map<string, string[]>();
  const latest = new Map<string, number>();
  for (const [index, { id, parent }] of inOrder.entries()) {
    const key = parentKey(parent);
    const siblings = children.get(key);
    if (siblings) siblings.push(id);
    else children.set(key, [id]);
    latest.set(id, index);
  }
  for (const { id, parent } of inOrder.toReversed()) {
    if (parent === null) continue;
    latest.set(parent, Math.max(latest.get(parent) ?? -1, latest.get(id) ?? -1));
  }

  const path: PathStep[] = [];
  let siblings = children.get("");
  let key = "";
  while (siblings) {
    const wanted = chosen[key];
    const first = siblings[0];
    if (first === undefined) break;
    const id =
      wanted !== undefined && siblings.includes(wanted)
        ? wanted
        : siblings.reduce((best, next) => ((latest.get(next) ?? -1) > (latest.get(best) ?? -1) ? next : best), first);
    path.push({ id, siblings, index: siblings.indexOf(id) });
    key = id;
    siblings = children.get(id);
  }
  return path;
}

/** The choices that bring one message on the path: every ancestor of it, and itself. */
export function chooseMessage(
  messages: Readonly<Record<string, MessageState>>,
  chosen: Chosen,
  id: string,
): Record<string, string> {
  const next = { ...chosen };
  let message = messages[id];
  while (message) {
    next[parentKey(message.parent)] = message.id;
    message = message.parent === null ? undefined : messages[message.parent];
  }
  return next;
}
