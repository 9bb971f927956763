// The patterns of SCAN … MATCH: `*`, `?`, `[a-z]`, `[^a]`, and `\` before what is meant as it stands. Redis matches bytes,
// so a `?` is one byte of a longer character; a `[` that is never closed reaches to the end.

export function matcher(pattern: string): (text: string) => boolean {
  const expression = toRegExp(bytes(pattern));
  return (text) => expression.test(bytes(text));
}

/** One character for each byte. */
const bytes = (text: string) => Buffer.from(text).toString("latin1");

function toRegExp(pattern: string): RegExp {
  const source = pattern.replace(
    /\\(.)|\[(\^?)((?:\\.|[^\]\\])*)(?:\]|$)|([*?])|(.)/gs,
    (_, escaped?: string, not?: string, members?: string, wild?: string, plain?: string) => {
      if (escaped !== undefined) return literal(escaped);
      if (members !== undefined) return oneOf(not === "^", members);
      if (wild !== undefined) return wild === "*" ? ".*" : ".";
      return literal(plain ?? "");
    },
  );
  return new RegExp(`^${source}$`, "s");
}

const literal = (text: string) => text.replace(/[\\^$.*+?()[\]{}|/]/g, "\\$&");

function oneOf(not: boolean, members: string): string {
  const inside = members.replace(/\\(.)|(.)-(.)|(.)/gs, (_, escaped, from, to, plain) =>
    from === undefined ? literalMember(escaped ?? plain) : [from, to].sort().map(literalMember).join("-"),
  );
  if (inside === "") return not ? "." : "(?!)";
  return `[${not ? "^" : ""}${inside}]`;
}

const literalMember = (text: string) => text.replace(/[\\\]^-]/g, "\\$&");
