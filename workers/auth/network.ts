// Whose an address is: one of IPv4, and of IPv6 the 64 bits that one connection is given to choose addresses in.

export function networkOf(address: string): string {
  if (!address.includes(":")) return address;
  const [before = "", after] = address.toLowerCase().split("::");
  const groups = before === "" ? [] : before.split(":");
  const rest = after ? after.split(":") : [];
  // An IPv4 address at the end stands for two groups.
  const size = groups.length + rest.length + (address.includes(".") ? 1 : 0);
  if (after !== undefined) groups.push(...Array<string>(Math.max(0, 8 - size)).fill("0"), ...rest);
  return groups
    .slice(0, 4)
    .map((group) => group.replace(/^0+(?=.)/, ""))
    .join(":");
}
