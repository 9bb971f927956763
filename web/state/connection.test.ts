import { describe, expect, it } from "vitest";
import { CLOSE } from "../../protocol/socket.ts";
import { type Connection, idle, nextTick, retryDelay, type Signal, step } from "./connection.ts";

/** Runs signals at given times; returns the last state and every command in order. */
function play(signals: [number, Signal][], from: Connection = idle) {
  let state = from;
  const commands: string[] = [];
  for (const [now, signal] of signals) {
    const next = step(state, signal, now, 0.5);
    state = next.state;
    commands.push(...next.commands);
  }
  return { state, commands };
}

const opened: [number, Signal][] = [
  [0, { type: "start" }],
  [10, { type: "opened" }],
];

describe("a connection", () => {
  it("opens", () => {
    const { state, commands } = play(opened);
    expect(state.phase).toBe("open");
    expect(commands).toEqual(["open"]);
  });

  it("waits after a cut, longer each time, and forgets it once it is open", () => {
    const cut = play([...opened, [100, { type: "closed", code: 1006 }]]);
    expect(cut.state).toMatchObject({ phase: "waiting", failures: 1, retryAt: 600 });
    const again = play(
      [
        [600, { type: "tick", heardAt: 0 }],
        [700, { type: "closed", code: 1006 }],
      ],
      cut.state,
    );
    expect(again.state).toMatchObject({ phase: "waiting", failures: 2, retryAt: 1_700 });
    const back = play(
      [
        [1_700, { type: "tick", heardAt: 0 }],
        [1_750, { type: "opened" }],
      ],
      again.state,
    );
    expect(back.state).toMatchObject({ phase: "open", failures: 0 });
  });

  it("spreads readers apart, and never waits longer than its bound", () => {
    expect(retryDelay(1, 1006, 0)).toBe(375);
    expect(retryDelay(1, 1006, 0.999)).toBeLessThan(625);
    expect(retryDelay(40, 1006, 0.999)).toBeLessThanOrEqual(18_750);
    expect(retryDelay(1, CLOSE.tooMany, 0)).toBe(7_500);
    expect(retryDelay(3, CLOSE.tooSlow, 0.5)).toBe(0);
  });

  it.each([CLOSE.badRequest, CLOSE.unauthenticated, CLOSE.forbidden, CLOSE.unknown])(
    "takes %i as the last word",
    (code) => {
      const { state, commands } = play([...opened, [50, { type: "closed", code }]]);
      expect(state).toMatchObject({ phase: "refused", code });
      expect(nextTick(state, 0)).toBeNull();
      expect(commands).toEqual(["open", "drop"]);
    },
  );

  it("asks why when the first socket never opens, once", () => {
    const { commands, state } = play([
      [0, { type: "start" }],
      [5, { type: "closed", code: 1006 }],
      [600, { type: "tick", heardAt: 0 }],
      [605, { type: "closed", code: 1006 }],
    ]);
    expect(commands).toEqual(["open", "drop", "probe", "open", "drop"]);
    expect(play([[610, { type: "refused", code: CLOSE.unknown }]], state).state.phase).toBe("refused");
  });

  it("gives a socket that does not open up", () => {
    const start = play([[0, { type: "start" }]]).state;
    expect(nextTick(start, 0)).toBe(10_000);
    expect(play([[9_999, { type: "tick", heardAt: 0 }]], start).state.phase).toBe("connecting");
    expect(play([[10_000, { type: "tick", heardAt: 0 }]], start).state.phase).toBe("waiting");
  });

  it("asks after silence, and takes up a dead wire anew when nothing answers", () => {
    const open = play(opened).state;
    expect(nextTick(open, 500)).toBe(20_500);
    const asked = play([[20_500, { type: "tick", heardAt: 500 }]], open);
    expect(asked.commands).toEqual(["ping"]);
    expect(nextTick(asked.state, 500)).toBe(25_500);
    const dead = play([[25_500, { type: "tick", heardAt: 500 }]], asked.state);
    expect(dead.commands).toEqual(["drop", "open"]);
    expect(dead.state.phase).toBe("connecting");
  });

  it("is content with any sign of life", () => {
    const open = play(opened).state;
    const asked = play([[20_500, { type: "tick", heardAt: 500 }]], open).state;
    const heard = play([[25_500, { type: "tick", heardAt: 20_600 }]], asked);
    expect(heard.commands).toEqual([]);
    expect(heard.state).toMatchObject({ phase: "open", pingAt: null });
    expect(nextTick(heard.state, 20_600)).toBe(40_600);
  });

  it("asks at once after a sleep, and does not wait when the network is back", () => {
    expect(play([[99_000, { type: "wake" }]], play(opened).state).commands).toEqual(["ping"]);
    const waiting = play([...opened, [100, { type: "closed", code: 1006 }]]).state;
    const woken = play([[150, { type: "wake" }]], waiting);
    expect(woken.commands).toEqual(["open"]);
    expect(woken.state).toMatchObject({ phase: "connecting", failures: 0 });
  });

  it("comes back from the last offset at once when a record did not fit", () => {
    expect(play([...opened, [50, { type: "gap" }]]).commands).toEqual(["open", "drop", "open"]);
  });

  it("stays stopped, whatever still arrives", () => {
    const { state, commands } = play([
      ...opened,
      [50, { type: "stop" }],
      [60, { type: "closed", code: 1006 }],
      [70, { type: "wake" }],
      [80, { type: "tick", heardAt: 0 }],
      [90, { type: "refused", code: CLOSE.unknown }],
    ]);
    expect(state.phase).toBe("idle");
    expect(commands).toEqual(["open", "drop"]);
  });
});
