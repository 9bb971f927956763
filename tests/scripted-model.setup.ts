// Before the tests that run inside workerd: the scripted model, as a process's own server, since nothing in workerd can
// listen. Its address reaches the Worker as configuration and the tests as `inject("scriptedModelUrl")`.
import type { TestProject } from "vitest/node";
import { startScriptedModel } from "../local/model/server.ts";

export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const model = await startScriptedModel();
  project.provide("scriptedModelUrl", model.url);
  return () => model.close();
}
