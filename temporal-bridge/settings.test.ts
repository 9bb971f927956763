import { describe, expect, test } from "vitest";
import { parseBridgeSettings, parseWorkerSettings } from "./settings.ts";

const TEMPORAL_BRIDGE_TOKEN = "sixteen-characters";
const EDGE_URL = "http://127.0.0.1:8787";

describe("the settings of bridge and worker", () => {
  test("need the shared secret, and the worker the edge's address; all else has a default", () => {
    expect(parseBridgeSettings({ TEMPORAL_BRIDGE_TOKEN })).toMatchObject({
      address: "127.0.0.1:7233",
      namespace: "default",
      taskQueue: "keepstream",
      tls: false,
      host: "127.0.0.1",
      port: 8790,
    });
    expect(() => parseBridgeSettings({})).toThrow(/TEMPORAL_BRIDGE_TOKEN must be set/);
    expect(() => parseWorkerSettings({ TEMPORAL_BRIDGE_TOKEN })).toThrow(/EDGE_URL must be set/);
    expect(parseWorkerSettings({ TEMPORAL_BRIDGE_TOKEN, EDGE_URL })).toMatchObject({ edgeUrl: EDGE_URL, answers: 200 });
  });

  test("send an API key over TLS only", () => {
    const cloud = { TEMPORAL_BRIDGE_TOKEN, TEMPORAL_API_KEY: "key", TEMPORAL_ADDRESS: "a.tmprl.cloud:7233" };
    expect(parseBridgeSettings(cloud)).toMatchObject({ tls: true, apiKey: "key" });
    expect(() => parseBridgeSettings({ ...cloud, TEMPORAL_TLS: "off" })).toThrow(/TEMPORAL_TLS/);
    expect(parseBridgeSettings({ TEMPORAL_BRIDGE_TOKEN, TEMPORAL_TLS: "on" })).toMatchObject({ tls: true });
  });

  test("that are wrong are named, without a secret's value", () => {
    expect(() => parseBridgeSettings({ TEMPORAL_BRIDGE_TOKEN: "short" })).toThrow(/^(?!.*short).*at least 16/);
    expect(() => parseBridgeSettings({ TEMPORAL_BRIDGE_TOKEN, PORT: "many" })).toThrow(/PORT/);
    expect(() => parseWorkerSettings({ TEMPORAL_BRIDGE_TOKEN, EDGE_URL: "edge" })).toThrow(
      /EDGE_URL must be an address/,
    );
  });
});
