// What goes out to providers, as this isolate sends it. A setup file loads this before anything else does, because the
// SDKs take `fetch` as they find it when they are first used.

export interface Outgoing {
  model: string;
  turns: { role: string; content: string }[];
  system: string | undefined;
}

const KEPT = 100;
const shared = globalThis as { outgoing?: Outgoing[] };

/** The newest last. */
export const outgoing: Outgoing[] = shared.outgoing ?? record();

function record(): Outgoing[] {
  const sent: Outgoing[] = [];
  shared.outgoing = sent;
  const { fetch } = globalThis;
  globalThis.fetch = (input, init) => {
    if (typeof init?.body === "string") {
      const { model, input, messages, instructions, system } = JSON.parse(init.body);
      const turns = input ?? messages;
      // The cache and the archive are asked by the same way.
      if (turns) sent.push({ model, turns, system: instructions ?? system });
      if (sent.length > KEPT) sent.shift();
    }
    return fetch(input, init);
  };
  return sent;
}
