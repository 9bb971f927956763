import { expect, test } from "vitest";
import { Archive } from "./archive.ts";
import { connector } from "./database.ts";
import { isAway, reasonOf } from "./reason.ts";

test("says what kind of error it was, and nothing of what was asked or said", async () => {
  const nowhere = new Archive(connector("postgresql://me:secret@localhost/archive", "http://127.0.0.1:1/sql"));
  const error = await nowhere.search("somebody", "confidential", []).catch((thrown: unknown) => thrown);
  expect(String(error)).toContain("confidential");
  expect(reasonOf(error)).toBe("NeonDbError");
  expect(reasonOf(Object.assign(new Error('invalid input: "confidential"'), { code: "22P02" }))).toBe("Error 22P02");
  expect(reasonOf("confidential")).toBe("unknown");
});

test("tells an archive that is away from one that refuses", () => {
  const withState = (code: string) => Object.assign(new Error(code), { code });
  expect([new Error("fetch failed"), withState("57P01"), withState("53300")].map(isAway)).toEqual([true, true, true]);
  expect([withState("22P02"), withState("23503")].map(isAway)).toEqual([false, false]);
});
