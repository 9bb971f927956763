// What lies between the process and a reader: a line that delays, stops when the other end does not read, and breaks at
// any moment. What was under way when it broke may still arrive; what was sent after is lost.
import type { Sink } from "../../durable-objects/subscribers.ts";
import type { ReaderPlan } from "./client.ts";
import type { Process } from "./process.ts";
import type { World } from "./world.ts";

export interface Line {
  cut(): void;
}

interface UnderWay<T> {
  item: T;
  due: number;
}

/** Items in order, each a seeded time on its way. */
abstract class Queue<T> implements Line {
  protected readonly world: World;
  protected readonly process: Process;
  protected readonly plan: ReaderPlan;
  protected broken = false;
  /** The other end closed it, and that has arrived. */
  protected over = false;
  protected readonly underWay: UnderWay<T>[] = [];
  #last = 0;

  constructor(world: World, process: Process, plan: ReaderPlan) {
    this.world = world;
    this.process = process;
    this.plan = plan;
  }

  protected push(item: T): void {
    const { scheduler, random } = this.world;
    const { now } = scheduler;
    this.#last = Math.max(this.#last, now + random.between(0, this.plan.latency));
    this.underWay.push({ item, due: this.#last });
    scheduler.after(this.#last - now, () => this.#arrive());
  }

  #arrive(): void {
    if (this.broken || this.over) return;
    const { random, scheduler } = this.world;
    for (let next = this.underWay[0]; next && next.due <= scheduler.now; next = this.underWay[0]) {
      this.underWay.shift();
      if (this.world.rough && random.chance(this.plan.cut)) {
        this.damaged(next.item);
        // Nothing may follow what is missing.
        this.underWay.length = 0;
        this.cut();
        return;
      }
      this.deliver(next.item);
      if (this.broken || this.over) return;
    }
    this.arrived();
  }

  cut(): void {
    if (this.broken || this.over) return;
    this.broken = true;
    const { random, scheduler } = this.world;
    for (let left = random.between(0, this.underWay.length); left > 0; left--) {
      const next = this.underWay.shift();
      if (next) this.deliver(next.item);
    }
    this.underWay.length = 0;
    // The other end learns of it later.
    scheduler.turnAfter(random.between(0, 2_000), this.process.life, () => this.noticed());
    if (!this.over) this.lost();
  }

  protected abstract deliver(item: T): void;
  /** The line broke inside this item. */
  protected damaged(_: T): void {}
  protected abstract arrived(): void;
  protected abstract noticed(): void;
  protected abstract lost(): void;
}

interface FrameClient {
  receive(json: string): void;
  closed(): void;
  lost(): void;
  left(): void;
  drained(): void;
}

const CLOSED = Symbol("closed");

export class FrameLine extends Queue<string | typeof CLOSED> {
  readonly #client: FrameClient;
  #capacity = Number.POSITIVE_INFINITY;
  #closed = false;

  constructor(world: World, process: Process, plan: ReaderPlan, client: FrameClient) {
    super(world, process, plan);
    this.#client = client;
  }

  /** The process's end of the line; with a finite `capacity`, one that can be full. */
  sink(socketSink: (socket: WebSocket) => Sink, capacity: number): Sink {
    const socket = { send: (json: string) => this.#send(json), close: () => this.close() };
    const sink = socketSink(socket as unknown as WebSocket);
    if (capacity === Number.POSITIVE_INFINITY) return sink;
    this.#capacity = capacity;
    const hasRoom = () => this.underWay.length < this.#capacity;
    return {
      get ready() {
        return hasRoom();
      },
      send: (frame) => sink.send(frame),
      end: () => sink.end(),
    };
  }

  #send(json: string): void {
    if (this.#closed) throw new Error("The socket is closed");
    if (!this.broken) this.push(json);
    // Some platforms tell at once that nobody is there, some never.
    else if (this.world.random.chance(0.5)) throw new Error("The socket is broken");
  }

  close(): void {
    if (this.#closed || this.broken) throw new Error("The socket is closed");
    this.#closed = true;
    this.push(CLOSED);
  }

  protected deliver(item: string | typeof CLOSED): void {
    if (item !== CLOSED) {
      this.#client.receive(item);
    } else {
      this.over = true;
      this.#client.closed();
    }
  }

  protected arrived(): void {
    const { random, scheduler } = this.world;
    if (this.#capacity === Number.POSITIVE_INFINITY) return;
    scheduler.turnAfter(random.between(0, 5), this.process.life, () => !this.broken && this.#client.drained());
  }

  protected noticed(): void {
    this.#closed = true;
    this.#client.left();
  }

  protected lost(): void {
    this.#client.lost();
  }
}

interface ByteClient {
  receive(bytes: Uint8Array): void;
  closed(): void;
  failed(): void;
  lost(): void;
}

export class ByteLine extends Queue<Uint8Array | "closed" | "failed"> {
  readonly #client: ByteClient;
  readonly #body: ReadableStreamDefaultReader<Uint8Array>;
  /** Bytes that fit on the way. */
  readonly #window: number;
  #bytes = 0;
  #wake: (() => void) | undefined;

  constructor(world: World, process: Process, plan: ReaderPlan, body: ReadableStream<Uint8Array>, client: ByteClient) {
    super(world, process, plan);
    this.#client = client;
    this.#window = world.random.pick([100, 2_000, 1_000_000]);
    this.#body = body.getReader();
    void this.#pump();
  }

  async #pump(): Promise<void> {
    for (;;) {
      while (this.#bytes >= this.#window) await new Promise<void>((wake) => (this.#wake = wake));
      try {
        const { done, value } = await this.#body.read();
        if (this.broken) return;
        if (done) return this.push("closed");
        this.#bytes += value.byteLength;
        this.push(value);
      } catch {
        if (!this.broken) this.push("failed");
        return;
      }
    }
  }

  protected deliver(item: Uint8Array | "closed" | "failed"): void {
    if (item === "closed" || item === "failed") {
      this.over = true;
      if (item === "closed") this.#client.closed();
      else this.#client.failed();
      return;
    }
    this.#bytes -= item.byteLength;
    // What was sent as one may come as two.
    const middle = this.world.random.chance(0.3) ? this.world.random.between(0, item.byteLength) : 0;
    if (middle > 0) this.#client.receive(item.subarray(0, middle));
    if (middle < item.byteLength) this.#client.receive(item.subarray(middle));
  }

  protected override damaged(item: Uint8Array | "closed" | "failed"): void {
    if (typeof item === "string") return;
    this.#client.receive(item.subarray(0, this.world.random.between(0, item.byteLength)));
  }

  protected arrived(): void {
    if (!this.#wake || this.#bytes >= this.#window) return;
    const wake = this.#wake;
    this.#wake = undefined;
    this.world.scheduler.turnAfter(0, this.process.life, wake);
  }

  protected noticed(): void {
    void this.#body.cancel().catch(() => {});
  }

  protected lost(): void {
    this.#client.lost();
  }
}
