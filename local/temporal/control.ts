// `npm run worker:stop` and `npm run worker:start`: the worker of the stack that runs, alone. For the crash test by hand:
// an answer of the temporal tier waits while there is no worker, and goes on where it was when there is one.
import { existsSync } from "node:fs";
import { join, resolve } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { parseArgs } from "node:util";
import { MARK } from "../lock.ts";
import { lives, processesWithEnv } from "../processes.ts";
import { hold, release } from "./hold.ts";
import { WORKER } from "./part.ts";

const HELP = `npm run worker:stop [-- --kill]    ends the worker of the running stack: politely, or by SIGKILL with --kill
npm run worker:start               starts it again
`;
const PATIENCE_MS = 10_000;

const ROOT = resolve(import.meta.dirname, "../..");
const data = resolve(process.env.KEEPSTREAM_DATA?.trim() || join(ROOT, ".keepstream"));
const workers = () => processesWithEnv(MARK, data).filter(({ command }) => command.includes(WORKER));

async function stop(signal: NodeJS.Signals): Promise<void> {
  hold(data);
  const running = workers();
  for (const { pid } of running) process.kill(pid, signal);
  if (!(await within(() => !running.some(lives))))
    fail("It does not end. npm run worker:stop -- --kill ends it by force.");
  const who = running.map(({ pid }) => `process ${pid}`).join(", ");
  console.log(
    who ? `The worker (${who}) is gone. npm run worker:start starts it again.` : "The worker is down already.",
  );
}

async function start(): Promise<void> {
  release(data);
  if (!(await within(() => workers().length > 0))) fail("It does not start. What npm start prints tells why.");
  console.log(`The worker runs as process ${workers()[0]?.pid}. It takes up what waits within seconds.`);
}

async function within(holds: () => boolean): Promise<boolean> {
  for (const until = Date.now() + PATIENCE_MS; Date.now() < until; await sleep(50)) if (holds()) return true;
  return holds();
}

function fail(message: string): never {
  console.error(message);
  process.exit(1);
}

const { values, positionals } = parseArgs({
  options: { kill: { type: "boolean", default: false } },
  allowPositionals: true,
});
if (!existsSync(join(data, "launcher.json"))) fail(`No Keepstream runs on ${data}. npm start starts one.`);
if (positionals[0] === "stop") await stop(values.kill ? "SIGKILL" : "SIGTERM");
else if (positionals[0] === "start") await start();
else fail(HELP);
