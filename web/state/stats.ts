// The deployment's figures as the statistics view follows them: they move while it is looked at.
import { type Accessor, createEffect, on } from "solid-js";
import type { StatsReply, StatsWindow } from "../../protocol/requests.ts";
import { readStats } from "../api/deployment.ts";
import { makeRemote, type Remote } from "./remote.ts";

export const WINDOWS: readonly StatsWindow[] = ["1h", "24h", "7d"];
const EVERY = 2_500;

export function followStats(window: Accessor<StatsWindow>): Remote<StatsReply> {
  const stats = makeRemote((signal) => readStats(window(), signal), { every: () => EVERY });
  createEffect(on(window, () => void stats.refresh(), { defer: true }));
  return stats;
}
