// The whole sweep: `node tests/journeys/disconnect-sweep.ts [disconnects]`, 10,000 when it is not said. It exits 1 at the
// first byte lost, doubled or out of order. `SEED` runs one again.
import { startScriptedModel } from "../../local/model/server.ts";
import { Client } from "./client.ts";
import { type Report, sweepDisconnects } from "./disconnects.ts";
import { chosenSeed } from "./seed.ts";
import { Stack } from "./stack.ts";

const disconnects = Number(process.argv[2] ?? 10_000);
const seed = chosenSeed();
console.log(`SEED=${seed}`);
const began = performance.now();
const model = await startScriptedModel();
const stack = await Stack.start({ scriptedModelUrl: model.url });

const line = ({ disconnects: cut, connections, readers, answers, bytes }: Report) => {
  const { sse, socket, poll } = connections;
  const seconds = Math.round((performance.now() - began) / 1000);
  return `${cut} disconnects, ${readers} readers of ${answers} answers by ${sse} SSE, ${socket} WebSocket and ${poll} long-poll connections, ${bytes} bytes exact, ${seconds} s`;
};
try {
  const client = await Client.join(stack.url);
  let said = 0;
  const report = await sweepDisconnects(stack, client, {
    seed,
    disconnects,
    abreast: 3,
    progress: (so) => {
      if (so.disconnects - said < 500) return;
      said = so.disconnects;
      console.log(line(so));
    },
  });
  console.log(`${line(report)}; 0 bytes lost, doubled or out of order`);
} finally {
  await stack.dispose();
  await model.close();
}
