// Who the reader is here, and the tokens that let people in, for the view that shows both.
import { comeIn, goOut, listTokens, makeToken, readMe, revokeToken } from "../api/access.ts";
import { makeRemote } from "./remote.ts";

export const followMe = () => makeRemote(readMe);

/** The deployment's tokens, which only the admin may see, make and revoke. */
export function followTokens() {
  const tokens = makeRemote(listTokens);
  return {
    ...tokens,
    make: makeToken,
    async revoke(id: string): Promise<void> {
      await revokeToken(id);
      await tokens.refresh();
    },
  };
}

/** Whoever somebody else is from now on begins with a page that knows nothing of them. */
const begin = () => location.assign("/");

export const enter = (token: string) => comeIn(token.trim()).then(begin);
export const leave = () => goOut().then(begin);
