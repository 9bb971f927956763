import { expect, test } from "vitest";
import { Outage } from "./outage.ts";

test("an outage is told of once, and its end once", () => {
  const said: string[] = [];
  const outage = new Outage((message, details) => said.push(`${message} ${JSON.stringify(details)}`));
  outage.over();
  for (const each of [1, 2, 3]) outage.failed(new Error(`refused ${each}`));
  outage.over();
  outage.over();
  expect(said).toHaveLength(2);
  expect(said[0]).toContain("refused 1");
  expect(said[1]).toContain('"failures":3');
});

test("what was to be kept is not told", () => {
  const said: string[] = [];
  const tell = (error: Error) => new Outage((_, details) => said.push(JSON.stringify(details))).failed(error);
  tell(new Error('OOM, command was: ["set","key","the answer"]'));
  tell(Object.assign(new Error("Unable to parse: the answer"), { name: "UpstashJSONParseError" }));
  expect(said.join()).toContain("OOM");
  expect(said.join()).not.toContain("the answer");
});
