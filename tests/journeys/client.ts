// A client of the API, as an SDK would be: plain `fetch`, a bearer token, typed replies.
import type { Problem } from "../../protocol/problems.ts";
import type {
  ChatListReply,
  ChatReply,
  GenerateReply,
  GenerateRequest,
  SessionReply,
  StatusReply,
} from "../../protocol/requests.ts";
import type { WorkflowStatusReply } from "../../protocol/workflows.ts";

export class ProblemError extends Error {
  readonly problem: Problem;

  constructor(problem: Problem) {
    super(`${problem.status} ${problem.code}: ${problem.detail}`);
    this.problem = problem;
  }
}

export class Client {
  readonly base: string;
  readonly token: string;

  private constructor(base: string, token: string) {
    this.base = base;
    this.token = token;
  }

  /** As a new anonymous person. */
  static async join(base: string): Promise<Client> {
    const { token } = await reply<SessionReply>(await fetch(`${base}/api/session`, { method: "POST" }));
    return new Client(base, token);
  }

  /** As whom a token of the deployment's stands for. */
  static with(base: string, token: string): Client {
    return new Client(base, token);
  }

  /** The same person at another address of the same server. */
  at(base: string): Client {
    return new Client(base, this.token);
  }

  get headers(): Record<string, string> {
    return { authorization: `Bearer ${this.token}` };
  }

  post(body: GenerateRequest, headers: Record<string, string> = {}, signal?: AbortSignal): Promise<Response> {
    return fetch(`${this.base}/api/chat/generate`, {
      method: "POST",
      headers: { ...this.headers, "content-type": "application/json", ...headers },
      body: JSON.stringify(body),
      ...(signal && { signal }),
    });
  }

  async ask(body: GenerateRequest): Promise<GenerateReply> {
    return reply(await this.post(body));
  }

  async status(run: string): Promise<StatusReply> {
    return reply(await this.get(`/api/chat/status/${run}`));
  }

  async cancel(run: string): Promise<{ id: string; state: string }> {
    return reply(await fetch(`${this.base}/api/chat/cancel/${run}`, { method: "POST", headers: this.headers }));
  }

  async workflow(run: string): Promise<WorkflowStatusReply> {
    return reply(await this.get(`/api/workflows/${run}/status`));
  }

  async chat(chatId: string): Promise<ChatReply> {
    return reply(await this.get(`/api/chats/${chatId}`));
  }

  /** The person's list; the chats themselves are not asked. */
  async chats(): Promise<ChatListReply> {
    return reply(await this.get("/api/chats"));
  }

  get(path: string, headers: Record<string, string> = {}): Promise<Response> {
    return fetch(`${this.base}${path}`, { headers: { ...this.headers, ...headers } });
  }
}

async function reply<T>(response: Response): Promise<T> {
  const body: unknown = await response.json();
  if (!response.ok) throw new ProblemError(body as Problem);
  return body as T;
}
