import { expect, test } from "vitest";
import { Outage } from "./outage.ts";

test("an outage is told of once, and its end once", () => {
  const said: string[] = [];
  const words = { began: "away", over: "back", reasonOf: (error: unknown) => `because ${error}` };
  const outage = new Outage(words, (message, details) => said.push(`${message} ${JSON.stringify(details)}`));
  outage.over();
  for (const each of [1, 2, 3]) outage.failed(`refused ${each}`);
  outage.over();
  outage.over();
  outage.failed("again");
  expect(said).toEqual(['away {"error":"because refused 1"}', 'back {"failures":3}', 'away {"error":"because again"}']);
});
