// `node local/probe.ts URL`: ends well when the address answers well. For the health checks of compose.
import { argv } from "node:process";

const url = argv[2] ?? "";
const answer = await fetch(url, { signal: AbortSignal.timeout(5_000) }).catch((error: Error) => error);
if (!(answer instanceof Response && answer.ok)) {
  console.error(answer instanceof Response ? `${url}: ${answer.status}` : `${url}: ${answer.message}`);
  process.exitCode = 1;
}
