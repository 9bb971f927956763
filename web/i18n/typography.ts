// French spacing: a space before `? ! ; : »` and after `«` must not break the line. The dictionary is written with
// plain spaces; they are made unbreakable here, in what its functions return as well.

function space(text: string): string {
  return text
    .replace(/ (?=[?!;])/g, "\u202f")
    .replace(/ (?=[:»%])/g, "\u00a0")
    .replace(/« /g, "«\u00a0");
}

/** The same dictionary, its French spaces unbreakable. */
export function typeset<Value>(value: Value): Value {
  if (typeof value === "string") return space(value) as Value;
  if (typeof value === "function") return ((...args: unknown[]) => typeset(value(...args))) as Value;
  if (Array.isArray(value)) return value.map(typeset) as Value;
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, typeset(inner)])) as Value;
}
