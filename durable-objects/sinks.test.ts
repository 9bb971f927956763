import { beforeEach, describe, expect, test } from "vitest";
import { FIRST_COMMIT_MS } from "../protocol/commits.ts";
import { batch, endedWell, opening, openObject, rest, TestDisk, type TestObject } from "../tests/chat-kit.ts";
import { pollSink, type StreamOwner, sseSink, textSink } from "./sinks.ts";
import { DELETED, EXPIRED, type Reader } from "./subscribers.ts";

let object: TestObject;

beforeEach(async () => {
  object = openObject(new TestDisk());
  await object.writer.start(() => opening(object.log)).onDisk;
});

/** Joins a text or SSE stream to run 1, and reads it as far as it goes when asked. */
function open(make: (owner: StreamOwner) => ReturnType<typeof sseSink>) {
  let reader: Reader | undefined;
  const { body, sink } = make({
    drained: () => reader && !reader.live && object.subscribers.resume(reader),
    closed: () => reader && object.subscribers.remove(reader),
  });
  reader = object.subscribers.add(1, 1, sink);
  const source = body.getReader();
  const decoder = new TextDecoder();
  const state = { text: "", over: null as "closed" | "aborted" | null };
  const pump = async () => {
    try {
      for (let next = await source.read(); !next.done; next = await source.read()) {
        state.text += decoder.decode(next.value, { stream: true });
      }
      state.over = "closed";
    } catch {
      state.over = "aborted";
    }
  };
  const start = () => {
    void pump();
    return rest();
  };
  return { source, state, pump: start };
}

describe("bare text", () => {
  test("comes as it is shown", async () => {
    const stream = open((owner) => textSink(owner, false));
    await stream.pump();
    object.writer.append(1, 1, 0, batch(0, "Be"));
    await rest();
    expect(stream.state.text).toBe("Be");
    object.writer.append(1, 1, 1, batch(2, "cause"));
    await object.writer.end(1, 1, endedWell());
    await rest();
    expect(stream.state).toEqual({ text: "Because", over: "closed" });
  });

  test("of promised text only comes with its promise, each character once", async () => {
    const { writer, clock } = object;
    writer.append(1, 1, 0, batch(0, "Be"));
    await clock.advance(FIRST_COMMIT_MS);
    writer.append(1, 1, 1, batch(2, "lieve"));
    const stream = open((owner) => textSink(owner, true));
    await stream.pump();
    expect(stream.state.text).toBe("Be");
    writer.append(1, 1, 2, batch(2, "cause 漢😀"));
    await rest();
    expect(stream.state.text).toBe("Be");
    await writer.end(1, 1, endedWell());
    await rest();
    expect(stream.state).toEqual({ text: "Because 漢😀", over: "closed" });
  });

  test.each(["cancelled", "failed", "interrupted"] as const)(
    "of a run that was %s is all there, then aborted",
    async (status) => {
      const stream = open((owner) => textSink(owner, false, undefined, 1));
      object.writer.append(1, 1, 0, batch(0, "Be"));
      object.writer.append(1, 1, 1, batch(2, "cause"));
      await object.writer.end(1, 1, endedWell({ status, finish: null }));
      await stream.pump();
      await rest();
      expect(stream.state).toEqual({ text: "Because", over: "aborted" });
    },
  );

  test("of a chat that is deleted under its reader is aborted, not at its end", async () => {
    const stream = open((owner) => textSink(owner, false));
    object.writer.append(1, 1, 0, batch(0, "Be"));
    object.subscribers.endAll(DELETED);
    await stream.pump();
    await rest();
    expect(stream.state.over).toBe("aborted");
  });

  test("whose reader may read no longer is aborted, not at its end", async () => {
    const stream = open((owner) => textSink(owner, false));
    object.writer.append(1, 1, 0, batch(0, "Be"));
    object.subscribers.endAll(EXPIRED);
    await stream.pump();
    await rest();
    expect(stream.state).toEqual({ text: "Be", over: "aborted" });
  });

  test("through a reader that stops for a while is whole", async () => {
    const { writer, clock } = object;
    const stream = open((owner) => textSink(owner, false, undefined, 4));
    for (let seq = 0; seq < 20; seq++) {
      writer.append(1, 1, seq, batch(seq * 3, "abc"));
      await clock.advance(50);
    }
    await writer.end(1, 1, endedWell());
    await stream.pump();
    await rest();
    expect(stream.state).toEqual({ text: "abc".repeat(20), over: "closed" });
  });
});

describe("an event stream", () => {
  test("begins with how long to wait before coming back, and closes after the run's end", async () => {
    const stream = open(sseSink);
    object.writer.append(1, 1, 0, batch(0, "Be"));
    await object.writer.end(1, 1, endedWell());
    await stream.pump();
    expect(stream.state.over).toBe("closed");
    const events = stream.state.text.split("\n\n").map((event) => event.split("\n")[0]);
    const ids = ["id: 000000000003", "id: 000000000004"];
    expect(events).toEqual([
      "retry: 1000",
      "id: 000000000002",
      "event: run.phase",
      "event: delta",
      "event: delta",
      ...ids,
      "",
    ]);
  });

  test("whose reader leaves is forgotten", async () => {
    const stream = open(sseSink);
    expect(object.subscribers.size).toBe(1);
    await stream.source.cancel();
    expect(object.subscribers.size).toBe(0);
    object.writer.append(1, 1, 0, batch(0, "Be"));
  });
});

test("a waiting plain read is woken by a promise, not by what is only shown", async () => {
  let woken = 0;
  const wake = () => {
    woken += 1;
  };
  object.subscribers.add(1, object.log.last, pollSink(wake));
  object.writer.append(1, 1, 0, batch(0, "Be"));
  expect(woken).toBe(0);
  await object.clock.advance(FIRST_COMMIT_MS);
  expect(woken).toBe(1);
});
