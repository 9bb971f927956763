import { expect, test } from "vitest";
import { containerVars } from "./container-vars.ts";

const environment = {
  TEMPORAL_ADDRESS: "one.tmprl.cloud:7233",
  TEMPORAL_API_KEY: "key",
  TEMPORAL_BRIDGE_TOKEN: "sixteen characters",
  TEMPORAL_TASK_QUEUE: " ",
  EDGE_URL: "https://chat.example.com",
  OPENAI_API_KEY: "sk-1",
  DATABASE_URL: "postgresql://secret",
  SESSION_SECRET: "secret",
  ADMIN_TOKEN: "secret",
  CHAT: { idFromName() {} },
};

const temporal = {
  TEMPORAL_ADDRESS: "one.tmprl.cloud:7233",
  TEMPORAL_API_KEY: "key",
  TEMPORAL_BRIDGE_TOKEN: "sixteen characters",
};

test("the bridge is told of Temporal, and of nothing else", () => {
  expect(containerVars(environment, "bridge")).toEqual(temporal);
});

test("a worker is told of its providers and of the edge besides, and of no other secret", () => {
  const more = { EDGE_URL: "https://chat.example.com", OPENAI_API_KEY: "sk-1" };
  expect(containerVars(environment, "worker")).toEqual({ ...temporal, ...more });
});
