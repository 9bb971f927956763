import { expect, test } from "vitest";
import { tenantOf } from "./tenant.ts";

test("anonymous people share a tenant, each token has its own", () => {
  expect(tenantOf("anon:01931c2e-0000-7000-8000-000000000000")).toBe("open");
  expect(tenantOf("token:ab")).toBe("token:ab");
});
