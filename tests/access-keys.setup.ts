// Before the tests that run inside workerd: an organisation's signing keys, where Cloudflare Access would publish them.
// A test makes keys of its own and puts them at `<url>/<team>/cdn-cgi/access/certs`; `<url>/<team>/asked` tells how often
// they were fetched. `{"status": …}` in the keys' place is what is answered instead of them.
import { createServer, type IncomingMessage } from "node:http";
import type { AddressInfo } from "node:net";
import { text } from "node:stream/consumers";
import type { TestProject } from "vitest/node";
import { HOST } from "../local/ports.ts";

interface Team {
  keys: string;
  asked: number;
}

export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const teams = new Map<string, Team>();

  async function answer(request: IncomingMessage): Promise<string | undefined> {
    const [, name = "", ...rest] = (request.url ?? "").split("/");
    if (request.method === "PUT") teams.set(name, { asked: teams.get(name)?.asked ?? 0, keys: await text(request) });
    const team = teams.get(name);
    if (rest.join("/") === "asked") return String(team?.asked ?? 0);
    if (team && request.method === "GET") team.asked += 1;
    return team?.keys;
  }

  const server = createServer(async (request, response) => {
    const body = await answer(request);
    const { status = 200 } = JSON.parse(body ?? '{"status":404}') as { status?: number };
    response.writeHead(status, { "content-type": "application/json" }).end(body);
  });
  await new Promise<void>((resolve) => server.listen(0, HOST, resolve));
  project.provide("accessUrl", `http://${HOST}:${(server.address() as AddressInfo).port}`);
  return () => new Promise((resolve) => server.close(() => resolve()));
}
