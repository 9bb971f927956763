// What each call needs of its caller. What is not named here is decided by its method: reading needs `read`, everything
// else `manage`.
import type { Scope } from "../../protocol/access.ts";

/** `nobody` may be anyone; `anybody` whoever was let in; `admin` the deployment's own. */
export type Need = "nobody" | "anybody" | Scope | "admin";

const NEEDS: [method: string, path: RegExp, need: Need][] = [
  ["*", /^\/api\/admin\//, "admin"],
  ["*", /^\/api\/session$/, "nobody"],
  ["GET", /^\/api\/(models|tiers)$/, "nobody"],
  ["GET", /^\/api\/shared\//, "nobody"],
  ["GET", /^\/api\/me$/, "anybody"],
  ["POST", /^\/api\/chat\/(generate$|cancel\/)/, "ask"],
  ["POST", /^\/(api\/workflows|v1)\//, "ask"],
  ["GET", /./, "read"],
  ["*", /./, "manage"],
];

export function needOf(method: string, path: string): Need {
  const asked = method === "HEAD" ? "GET" : method;
  return NEEDS.find(([of, at]) => (of === "*" || of === asked) && at.test(path))?.[2] ?? "admin";
}
