// The contracts inside workerd, where the providers run in production.
import { inject } from "vitest";
import { providerContract } from "./provider.contract.ts";
import { reattachContract } from "./reattach.contract.ts";
import { subjects } from "./subjects.contract.ts";

for (const subject of subjects(() => inject("scriptedModelUrl"))) {
  providerContract(subject);
  if (subject.title === "openai") reattachContract(subject);
}
