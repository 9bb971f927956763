// The contracts in Node.
import { afterAll, beforeAll } from "vitest";
import { type ScriptedModel, startScriptedModel } from "../local/model/server.ts";
import { providerContract } from "./provider.contract.ts";
import { reattachContract } from "./reattach.contract.ts";
import { subjects } from "./subjects.contract.ts";

let model: ScriptedModel;
beforeAll(async () => {
  model = await startScriptedModel();
});
afterAll(() => model.close());

for (const subject of subjects(() => model.url)) {
  providerContract(subject);
  if (subject.title === "openai") reattachContract(subject);
}
