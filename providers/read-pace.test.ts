import { describe, expect, it } from "vitest";
import { ReadPace, Traffic } from "./read-pace.ts";

const SIZE = 200;

/** Streams of `rate` events a second each, read as their pace says, for five seconds; gives what the last reads waited for, in events. */
function run({ streams, rate }: { streams: number; rate: number }): number[] {
  const traffic = new Traffic();
  const all = Array.from({ length: streams }, () => ({ pace: new ReadPace(traffic), held: 0, wanted: 1 }));
  const reads: number[] = [];
  const interval = 1000 / rate;
  for (let time = 0; time < 5_000; time += interval) {
    for (const stream of all) {
      stream.held += 1;
      if (stream.held * SIZE < stream.wanted) continue;
      if (time > 4_000) reads.push(stream.held);
      stream.wanted = stream.pace.next(stream.held, stream.held * SIZE, 1_000_000 + time);
      stream.held = 0;
    }
  }
  return reads;
}

const streamsOf = new WeakMap<Traffic, ReadPace[]>();
const others = (traffic: Traffic) => streamsOf.get(traffic) ?? [];

/** Streams of 50 events a second each that bring so many together, until time 1,000. */
function busyTraffic(rate: number): Traffic {
  const traffic = new Traffic();
  const streams = Array.from({ length: rate / 50 }, () => new ReadPace(traffic));
  for (let time = 0; time < 1_000; time += 20) for (const stream of streams) stream.next(1, SIZE, time);
  streamsOf.set(traffic, streams);
  return traffic;
}

const mean = (values: number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;

describe("how much one read waits for", () => {
  it("is whatever comes, where few streams run", () => {
    expect(new Set(run({ streams: 1, rate: 50 }))).toEqual(new Set([1]));
    expect(new Set(run({ streams: 29, rate: 50 }))).toEqual(new Set([1]));
  });

  it("is whatever comes from a slow model, however many run", () => {
    expect(new Set(run({ streams: 500, rate: 10 }))).toEqual(new Set([1]));
  });

  it("grows with what all streams bring together, a part of an event at a time", () => {
    const some = run({ streams: 50, rate: 50 });
    expect(new Set(some)).toEqual(new Set([1, 2]));
    expect(mean(some)).toBeCloseTo(2_500 / 1_500, 1);
    expect(mean(run({ streams: 100, rate: 50 }))).toBeCloseTo(5_000 / 1_500, 1);
  });

  it("has a limit", () => {
    expect(Math.max(...run({ streams: 500, rate: 50 }))).toBe(6);
  });

  it("is whatever comes for a stream's first events", () => {
    const busy = busyTraffic(5_000);
    const pace = new ReadPace(busy);
    const first = Array.from({ length: 32 }, (_, index) => pace.next(1, SIZE, 1_000 + index));
    expect(new Set(first)).toEqual(new Set([1]));
    expect(pace.next(1, SIZE, 1_033)).toBeGreaterThan(SIZE);
  });

  it("falls back at once when the others are over", () => {
    const traffic = busyTraffic(5_000);
    const pace = new ReadPace(traffic);
    for (let time = 1_000; time < 1_800; time += 20) pace.next(1, SIZE, time);
    for (const each of others(traffic)) each.over();
    expect(pace.next(1, SIZE, 1_800)).toBe(1);
  });

  it("falls back when the others are silent", () => {
    const traffic = busyTraffic(5_000);
    const pace = new ReadPace(traffic);
    for (let time = 1_000; time < 1_800; time += 20) pace.next(1, SIZE, time);
    expect(pace.next(1, SIZE, 1_800)).toBeGreaterThan(SIZE);
    for (let time = 1_800; time < 3_800; time += 20) pace.next(1, SIZE, time);
    expect(pace.next(1, SIZE, 3_800)).toBe(1);
  });

  it("does not take an overloaded isolate for a slow model", () => {
    const traffic = busyTraffic(10_000);
    const pace = new ReadPace(traffic);
    let wanted = 1;
    let time = 1_000;
    for (; time < 1_800; time += 20) wanted = pace.next(1, SIZE, time);
    // Each read comes late now, with just what it waited for; the others are read as late.
    for (let read = 0; read < 20; read++) {
      const events = Math.max(1, Math.ceil(wanted / SIZE));
      time += 600;
      for (const each of others(traffic)) each.next(1, SIZE, time);
      wanted = pace.next(events, events * SIZE, time);
    }
    expect(wanted).toBeGreaterThan(3 * SIZE);
  });
});
