// The patterns of SCAN … MATCH: `*`, `?`, `[a-z]`, `[^a]`, and `\` before what is meant as it stands.

export function globToRegExp(pattern: string): RegExp {
  const source = pattern.replace(
    /\\(.)|\[(\^?)((?:\\.|[^\]\\])*)\]|([*?])|(.)/gsu,
    (_, escaped?: string, not?: string, members?: string, wild?: string, plain?: string) => {
      if (escaped !== undefined) return literal(escaped);
      if (members !== undefined) return oneOf(not === "^", members);
      if (wild !== undefined) return wild === "*" ? ".*" : ".";
      return literal(plain ?? "");
    },
  );
  return new RegExp(`^${source}$`, "su");
}

const literal = (text: string) => text.replace(/[\\^$.*+?()[\]{}|/]/g, "\\$&");

function oneOf(not: boolean, members: string): string {
  const inside = members.replace(/\\(.)|(.)-(.)|(.)/gsu, (_, escaped, from, to, plain) =>
    from === undefined ? literalMember(escaped ?? plain) : [from, to].sort().map(literalMember).join("-"),
  );
  if (inside === "") return not ? "." : "(?!)";
  return `[${not ? "^" : ""}${inside}]`;
}

const literalMember = (text: string) => text.replace(/[\\\]^-]/g, "\\$&");
