import { expect, test } from "vitest";
import { Archive } from "./archive.ts";
import { connector } from "./database.ts";
import { reasonOf } from "./reason.ts";

test("says what kind of error it was, and nothing of what was asked or said", async () => {
  const nowhere = new Archive(connector("postgresql://me:secret@localhost/archive", "http://127.0.0.1:1/sql"));
  const error = await nowhere.search("somebody", "confidential", []).catch((thrown: unknown) => thrown);
  expect(String(error)).toContain("confidential");
  expect(reasonOf(error)).toBe("NeonDbError");
  expect(reasonOf(Object.assign(new Error('invalid input: "confidential"'), { code: "22P02" }))).toBe("Error 22P02");
  expect(reasonOf("confidential")).toBe("unknown");
});
