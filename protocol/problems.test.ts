import { describe, expect, test } from "vitest";
import { fail, problemResponse, problemSchema, toProblem } from "./problems.ts";

describe("problems", () => {
  test("carry the limit and the value, and fit their schema", () => {
    const { failure } = fail("prompt_too_large", "The prompt has 9 characters; the limit is 8.", {
      limit: 8,
      value: 9,
    });
    expect(problemSchema.parse(toProblem(failure, "request-1"))).toEqual({
      type: "/docs/errors#prompt_too_large",
      title: "The prompt is too large",
      status: 413,
      detail: "The prompt has 9 characters; the limit is 8.",
      code: "prompt_too_large",
      requestId: "request-1",
      limit: 8,
      value: 9,
    });
  });

  test("as a response they have their own media type, are not cached, and say when to come back", async () => {
    const { failure } = fail("too_many_runs", "Wait.", { retryAfter: 5 });
    const response = problemResponse(failure, "request-2");
    expect(response.status).toBe(429);
    expect(response.headers.get("content-type")).toBe("application/problem+json");
    expect(response.headers.get("cache-control")).toBe("no-store");
    expect(response.headers.get("retry-after")).toBe("5");
    expect(await response.json()).toMatchObject({ code: "too_many_runs", requestId: "request-2" });
  });
});
