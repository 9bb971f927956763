// The page, built before the journeys begin: several stacks may start at once, and none of them is to build it then.
import { buildPage, pageState } from "../local/build.ts";

export default async function setup(): Promise<void> {
  if (pageState() !== "fresh") await buildPage();
}
