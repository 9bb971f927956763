// The mvp tier's producer: the chat's own object asks the provider.
import { produce, type Surroundings } from "../producers/producer.ts";
import type { ProviderName } from "../protocol/records.ts";
import type { Provider } from "../providers/provider.ts";
import type { TierProducer } from "./tier-producer.ts";

export interface OwnProducerOptions extends Omit<Surroundings, "office"> {
  provider(name: ProviderName): Provider;
}

export function ownProducer({ provider, ...surroundings }: OwnProducerOptions): TierProducer {
  return {
    async produce(assignment) {
      const term = await assignment.takeOffice();
      if (!term) return;
      const { run, started, ask, policy, signal } = assignment;
      const { office, inherited } = term;
      const job = { run, ask, policy, provider: provider(started.provider), signal, inherited };
      await produce(job, { ...surroundings, office });
    },
  };
}
