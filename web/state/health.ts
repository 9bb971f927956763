// How the deployment's parts are, looked at again and again while the view is open.
import { readHealth } from "../api/deployment.ts";
import { makeRemote } from "./remote.ts";

const EVERY = 4_000;

export const followHealth = () => makeRemote(readHealth, { every: () => EVERY });
