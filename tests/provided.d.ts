// What the global setups hand to the tests (`inject`).
import "vitest";

declare module "vitest" {
  interface ProvidedContext {
    /** Where the scripted model is, without a path. */
    scriptedModelUrl: string;
  }
}
