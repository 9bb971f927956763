import { expect, it } from "vitest";
import { offeredModels, textModels } from "./models.ts";
import { ProviderError } from "./provider.ts";

const ids = (models: { id: string }[]) => models.map(({ id }) => id);
const failing =
  (code: ProviderError["code"], status: number | null = null) =>
  async () => {
    throw new ProviderError(code, "no", { status });
  };

it("takes the models that answer in text, newest first, dated copies dropped", () => {
  const listed = [
    ["gpt-4o", 3],
    ["gpt-4o-2024-08-06", 2],
    ["gpt-3.5-turbo-0125", 1],
    ["gpt-6-sol", 9],
    ["o3", 5],
    ["scripted-slow", 4],
    ["text-embedding-3-large", 9],
    ["gpt-4o-audio-preview", 9],
    ["gpt-realtime", 9],
    ["gpt-image-2", 9],
    ["whisper-1", 9],
    ["tts-1-hd", 9],
    ["dall-e-3", 9],
    ["omni-moderation-latest", 9],
    ["gpt-3.5-turbo-instruct", 9],
    ["davinci-002", 9],
    ["sora-2", 9],
    ["gpt-4o-transcribe", 9],
  ].map(([id, created]) => ({ id: String(id), created: Number(created) }));
  expect(ids(textModels(listed))).toEqual(["gpt-6-sol", "o3", "scripted-slow", "gpt-4o", "gpt-3.5-turbo-0125"]);
});

it("takes models that are tuned to instructions, and whatever a server has when it has nothing else", () => {
  expect(ids(textModels([{ id: "smollm2-135m-instruct" }, { id: "nomic-embed" }]))).toEqual(["smollm2-135m-instruct"]);
  expect(ids(textModels([{ id: "my-speechless-7b" }]))).toEqual(["my-speechless-7b"]);
});

it("offers the configured list without asking", async () => {
  const ask = failing("internal");
  expect(await offeredModels({ configured: ["a", "b"], ask, builtIn: [] })).toEqual([
    { id: "a", name: "a" },
    { id: "b", name: "b" },
  ]);
});

it("falls back on the built-in list when the provider cannot be asked", async () => {
  for (const ask of [failing("provider_unreachable"), failing("provider_auth", 403)]) {
    expect(ids(await offeredModels({ configured: [], ask, builtIn: ["x"] }))).toEqual(["x"]);
  }
});

it("tells of a wrong key, and of a server whose models nobody else could know", async () => {
  await expect(
    offeredModels({ configured: [], ask: failing("provider_auth", 401), builtIn: ["x"] }),
  ).rejects.toMatchObject({ code: "provider_auth" });
  await expect(
    offeredModels({ configured: [], ask: failing("provider_unreachable"), builtIn: [] }),
  ).rejects.toMatchObject({ code: "provider_unreachable" });
});
