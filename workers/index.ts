// The Worker's entry: the API, and the classes of its Durable Objects.
import { env } from "cloudflare:workers";
import { createApp } from "./app.ts";
import { startLog } from "./log.ts";

export { AnswerObject } from "../durable-objects/answer.ts";
export { ChatObject } from "../durable-objects/chat.ts";
export { BridgeContainer, WorkerContainer } from "../durable-objects/containers.ts";
export { DeploymentObject } from "../durable-objects/deployment.ts";
export { PersonObject } from "../durable-objects/person.ts";

startLog(env);

export default createApp();
