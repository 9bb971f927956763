// The whole siege: `node tests/journeys/siege-sweep.ts`. 400 slow connections, 100 bodies of 4 MB, 1,000 sockets of one
// person; exits 1 when somebody else's answer is not whole, or something is not refused.
import { startScriptedModel } from "../../local/model/server.ts";
import { besiege } from "./siege.ts";
import { Stack } from "./stack.ts";

const model = await startScriptedModel();
const stack = await Stack.start({ scriptedModelUrl: model.url });
try {
  const size = { slow: 400, oversized: 100, sockets: 1_000, answers: 40 };
  const { oversized, slow, sockets, whole, slowestMs, memory } = await besiege(stack, size);
  const [before, worst, after] = memory;
  console.log(
    `${slow.refused} of ${size.slow / 2} slow bodies refused; ${slow.open} slow heads still open, harming nobody`,
  );
  console.log(`bodies of 4 MB, by status (0: closed): ${JSON.stringify(oversized)}`);
  console.log(`${sockets} sockets of one person, each told of the next answer`);
  console.log(`others: ${whole} of ${size.answers + 1} answers whole, the slowest in ${slowestMs} ms`);
  console.log(`memory of the edge: ${before} MB before, ${worst} MB at the worst, ${after} MB when they had left`);
  const refused = (oversized[413] ?? 0) + (oversized[0] ?? 0);
  if (whole !== size.answers + 1 || slow.refused !== size.slow / 2 || refused !== size.oversized) process.exitCode = 1;
} finally {
  await stack.dispose();
  await model.close();
}
