// Closes what the end of a growing text left open: bold, code, links. Fetched when the first text grows; until it is
// here, an open mark stands as it was written.
import { fetched } from "../state/fetched.ts";

let close: ((raw: string) => string) | undefined;
let loading: Promise<void> | undefined;

export const loadRepair = (): Promise<void> => {
  loading ??= fetched(() => import("remend")).then(({ default: remend }) => {
    close = (raw) => remend(raw, { linkMode: "text-only", htmlTags: false, katex: false, inlineKatex: false });
  });
  return loading;
};

export const repair = (raw: string): string => close?.(raw) ?? raw;
