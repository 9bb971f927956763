import { describe, expect, test } from "vitest";
import { createApiTokens, parseApiTokens } from "./api-tokens.ts";

describe("API_TOKENS", () => {
  test("is a list of tokens, with or without a name", () => {
    expect(parseApiTokens(" one, team:two ,, a.b-c_d:three:four ")).toEqual([
      { name: null, token: "one" },
      { name: "team", token: "two" },
      { name: "a.b-c_d", token: "three:four" },
    ]);
    expect(parseApiTokens("")).toEqual([]);
  });

  test("each is a person and a tenant of its own, and nothing else is anybody", async () => {
    const find = createApiTokens(parseApiTokens("one,team:two"));
    const [one, two] = [await find("one"), await find("two")];
    expect(one).toMatchObject({ person: expect.stringMatching(/^token:[0-9a-f]{32}$/), admin: false });
    expect(two).toMatchObject({ person: "named:team", tenant: "named:team", scopes: ["read", "ask", "manage"] });
    expect(one?.tenant).toBe(one?.person);
    expect(await find("team:two")).toBeUndefined();
    expect(await find("")).toBeUndefined();
  });

  test("a name keeps its chats when its token is replaced", async () => {
    const [earlier, later] = [createApiTokens(parseApiTokens("team:old")), createApiTokens(parseApiTokens("team:new"))];
    expect((await earlier("old"))?.person).toBe((await later("new"))?.person);
    expect(await later("old")).toBeUndefined();
  });
});
