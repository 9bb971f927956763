// The readers of a chat and the network before them: sockets with frames, event streams cut at any byte, bare text,
// and plain reads. Each but bare text comes back with its last offset, as often as it must.
import { createParser } from "eventsource-parser";
import { type StreamOwner, socketSink, sseSink, textSink } from "../../durable-objects/sinks.ts";
import type { Reader as Joined, Sink } from "../../durable-objects/subscribers.ts";
import { BEGINNING } from "../../protocol/offsets.ts";
import type { LogRecord } from "../../protocol/records.ts";
import { parseSse } from "../../protocol/sse.ts";
import { Client, type ReaderPlan, Viewer } from "./client.ts";
import { ByteLine, FrameLine } from "./line.ts";
import type { Process } from "./process.ts";
import type { World } from "./world.ts";

class SocketReader extends Viewer {
  protected connect(process: Process): void {
    const { plan, world } = this;
    let joined: Joined | "complete" | undefined;
    const line = new FrameLine(world, process, plan, {
      receive: (json) => {
        const { offset, ...record } = JSON.parse(json);
        this.received(record, offset);
      },
      closed: () => {
        this.done = plan.run !== undefined;
        if (!this.done) this.fail("a chat's socket was closed");
      },
      lost: () => this.lost(),
      left: () => typeof joined === "object" && process.subscribers.remove(joined),
      drained: () => typeof joined === "object" && !joined.live && process.subscribers.resume(joined),
    });
    this.line = line;
    const capacity = plan.form === "socket" ? Number.POSITIVE_INFINITY : world.random.between(1, 6);
    joined = process.join(plan.run, this.view.offset, line.sink(socketSink, capacity));
    if (joined === "complete") line.close();
    else if (!joined) line.cut();
  }
}

class EventReader extends Viewer {
  protected connect(process: Process): void {
    const decoder = new TextDecoder();
    const parser = createParser({
      onEvent: ({ event, data, id }) => this.received(parseSse(event ?? "", data), id),
    });
    const joined = joinBytes(this.world, process, this.plan, this.view.offset, {
      open: (owner, room) => sseSink(owner, room),
      receive: (bytes) => parser.feed(decoder.decode(bytes, { stream: true })),
      // The server has closed the stream: a browser's EventSource comes back, and is told that it has everything.
      closed: () => this.lost(),
      failed: () => this.fail("the stream broke with an error"),
      lost: () => this.lost(),
    });
    if (joined === "complete") this.done = true;
    else if (joined) this.line = joined;
    else this.lost();
  }
}

/** Bare text: no way to come back, so what it got must be right as far as it goes. */
class TextReader extends Client {
  #text = "";
  #end: "closed" | "failed" | "lost" | null = null;

  get settled(): boolean {
    return this.#end !== null;
  }

  start(): void {
    const { world, plan } = this;
    const { process, scheduler, random } = world;
    const lost = () => this.#finish("lost");
    const connect = (process: Process) => {
      const decoder = new TextDecoder("utf-8", { ignoreBOM: true });
      const joined = joinBytes(world, process, plan, BEGINNING, {
        open: (owner, room) => textSink(owner, plan.form === "committed-text", undefined, room),
        receive: (bytes) => {
          this.#text += decoder.decode(bytes, { stream: true });
          this.#check();
        },
        closed: () => this.#finish("closed"),
        failed: () => this.#finish("failed"),
        lost,
      });
      if (joined && joined !== "complete") this.line = joined;
      else lost();
    };
    if (process) scheduler.turnAfter(random.between(1, 20), process.life, () => connect(process), lost);
    else lost();
  }

  #finish(end: "closed" | "failed" | "lost"): void {
    this.#end ??= end;
  }

  #check(): void {
    const { oracle } = this.world;
    const run = oracle.runs.get(this.plan.run ?? 0);
    const said =
      this.plan.form === "text"
        ? run && oracle.isMeant(run.started.model, this.#text)
        : run?.text.startsWith(this.#text);
    oracle.check(said === true, () => `${this.name}: has ${JSON.stringify(this.#text)}`);
  }

  difference(): string | null {
    const run = this.world.oracle.runs.get(this.plan.run ?? 0);
    if (this.#end === "lost" || !run) return null;
    const wanted = run.ended?.status === "completed" ? "closed" : "failed";
    if (this.#end !== wanted) return `the stream ${this.#end} after a run that is ${run.ended?.status}`;
    return this.#text === run.text ? null : `${JSON.stringify(this.#text)} instead of ${JSON.stringify(run.text)}`;
  }
}

/** Asks for what is promised, again and again. */
class PollReader extends Viewer {
  protected connect(process: Process): void {
    const { world, plan } = this;
    const { random, scheduler } = world;
    const maxBytes = random.pick([1, 200, 4_000, 1_000_000]);
    const again = () => scheduler.after(random.between(1, 300), () => this.start());
    // Each poll is answered, or lost on its way back, once.
    let open = true;
    const once = (then: () => void) => {
      if (open) then();
      open = false;
    };
    scheduler.after(4_000, () => once(again));
    void process.poll(plan.run, this.view.offset, maxBytes, random.between(0, 3_000)).then((page) => {
      if (!page) return once(again);
      if (random.chance(plan.cut)) return;
      scheduler.after(random.between(1, plan.latency), () =>
        once(() => {
          for (const { offset, ...record } of page.records) this.received(record as LogRecord, offset);
          this.view.goOnFrom(page.offset);
          this.done = !page.live;
          if (!this.done) again();
        }),
      );
    });
  }
}

interface ByteClient {
  open(owner: StreamOwner, room: number): { body: ReadableStream<Uint8Array>; sink: Sink };
  receive(bytes: Uint8Array): void;
  closed(): void;
  failed(): void;
  lost(): void;
}

/** Joins a byte stream to the process and puts a line before it. */
function joinBytes(
  world: World,
  process: Process,
  plan: ReaderPlan,
  offset: string,
  client: ByteClient,
): ByteLine | "complete" | undefined {
  let joined: Joined | "complete" | undefined;
  const owner: StreamOwner = {
    drained: () => typeof joined === "object" && !joined.live && process.subscribers.resume(joined),
    closed: () => typeof joined === "object" && process.subscribers.remove(joined),
  };
  const { body, sink } = client.open(owner, world.random.pick([1, 300, 262_144]));
  joined = process.join(plan.run, offset, sink);
  if (typeof joined !== "object") return joined;
  return new ByteLine(world, process, plan, body, client);
}

export function makeReader(world: World, plan: ReaderPlan, index: number): Client {
  switch (plan.form) {
    case "socket":
    case "slow-socket":
      return new SocketReader(world, plan, index);
    case "sse":
      return new EventReader(world, plan, index);
    case "text":
    case "committed-text":
      return new TextReader(world, plan, index);
    case "poll":
      return new PollReader(world, plan, index);
  }
}
