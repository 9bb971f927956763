// The comparison's figures: what the deployment measured, until the reader puts in their own, which are kept here.
import { createEffect, createMemo } from "solid-js";
import { createStore } from "solid-js/store";
import type { Model } from "../../protocol/requests.ts";
import { readStats } from "../api/deployment.ts";
import { ASSUMED, costsOf, LIST_PRICES, type Prices, type Usage } from "./costs.ts";
import { averageOf } from "./figures.ts";
import { makeRemote } from "./remote.ts";
import { recallJson, remember } from "./storage.ts";

const KEY = "comparison";

interface Own {
  usage: Partial<Usage>;
  prices: Partial<Prices>;
}

/** `model` is the one whose prices are taken while the reader gives none. */
export function makeComparison(model: () => Model | undefined) {
  const stats = makeRemote((signal) => readStats("7d", signal));
  const [own, setOwn] = createStore<Own>(recallJson<Own>(KEY) ?? { usage: {}, prices: {} });
  createEffect(() => remember(KEY, JSON.stringify(own)));

  const measured = createMemo(() => {
    const data = stats.data();
    return data ? averageOf(data) : null;
  });
  const usage = createMemo((): Usage => {
    const now = measured();
    return {
      ...ASSUMED,
      ...(now && {
        inputTokens: now.inputTokens,
        outputTokens: now.outputTokens,
        ...(now.hitRate !== null && { hitRate: now.hitRate }),
        ...(now.tokensASecond !== null && { tokensASecond: Math.round(now.tokensASecond) }),
      }),
      ...own.usage,
    };
  });
  const prices = createMemo((): Prices => {
    const { inputPrice, outputPrice } = model() ?? { inputPrice: null, outputPrice: null };
    // A scripted model is free, and nobody compares for it.
    const known = inputPrice && outputPrice ? { input: inputPrice, output: outputPrice } : {};
    return { ...LIST_PRICES, ...known, ...own.prices };
  });

  return {
    measured,
    /** What was measured is known, if only that it is nothing. */
    known: () => stats.data() !== undefined || stats.error() !== null,
    usage,
    prices,
    costs: createMemo(() => costsOf(usage(), prices())),
    changed: () => Object.keys(own.usage).length + Object.keys(own.prices).length > 0,
    setUsage: (change: Partial<Usage>) => setOwn("usage", (now) => ({ ...now, ...change })),
    setPrices: (change: Partial<Prices>) => setOwn("prices", (now) => ({ ...now, ...change })),
    reset: () => setOwn({ usage: {}, prices: {} }),
  };
}

export type Comparison = ReturnType<typeof makeComparison>;
