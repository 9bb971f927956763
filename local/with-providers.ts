// `node local/with-providers.ts PROGRAM`: runs a program of this repository with the providers as `npm start` decides them:
// one that has no key is played by the scripted model at SCRIPTED_MODEL_URL.
import { resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { decide, readGiven } from "./settings.ts";

const [program = ""] = process.argv.slice(2);
Object.assign(process.env, decide(readGiven(process.env, null), [], process.env.SCRIPTED_MODEL_URL ?? "").vars);
await import(pathToFileURL(resolve(program)).href);
