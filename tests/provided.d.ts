// What the global setups hand to the tests (`inject`).
import "vitest";
import type { ProvidedStores } from "./stores/control.ts";

declare module "vitest" {
  interface ProvidedContext {
    /** Where the scripted model is, without a path. */
    scriptedModelUrl: string;
    /** Where organisations publish their signing keys, without a path. */
    accessUrl: string;
    /** The stores, and what opens lines to them. */
    stores: ProvidedStores;
  }
}
