// The Redis commands of the embedded store: those that Keepstream uses, and their neighbours. Replies and errors are
// Redis 7's, word for word; a differential fuzz against a real server holds them to it. There is no EVAL.
import { matcher } from "./glob.ts";
import type { Entry, Hash, Keyspace } from "./keyspace.ts";
import { addFloats } from "./long-double.ts";
import { type Command, CommandError, type Reply } from "./store.ts";

interface Definition {
  /** How many arguments it takes, without its name. */
  least: number;
  most: number;
  writes: boolean;
  run(space: Keyspace, args: readonly string[], name: string): Reply;
}

const MOST_ARGUMENTS = Number.POSITIVE_INFINITY;
const LARGEST = 2n ** 63n - 1n;
const SMALLEST = -(2n ** 63n);

/** An error is one line. */
const error = (message: string) => new CommandError(`ERR ${message.replace(/[\r\n]/g, " ")}`);
const syntaxError = () => error("syntax error");
const notAnInteger = () => error("value is not an integer or out of range");
const wrongCount = (name: string) => error(`wrong number of arguments for '${name}' command`);
const wrongType = () => new CommandError("WRONGTYPE Operation against a key holding the wrong kind of value");
const invalidExpiry = (name: string) => error(`invalid expire time in '${name}' command`);
const overflow = () => error("increment or decrement would overflow");

/** The command's definition, or the error that Redis answers before it runs anything. */
function lookUp(command: Command): { definition: Definition; name: string; args: readonly string[] } {
  const [typed = "", ...args] = command;
  const name = typed.toLowerCase();
  const definition = Object.hasOwn(COMMANDS, name) ? COMMANDS[name] : undefined;
  if (!definition) {
    const beginning = args
      .map((arg) => `'${arg}' `)
      .join("")
      .slice(0, 128);
    throw error(`unknown command '${typed.slice(0, 128)}', with args beginning with: ${beginning}`);
  }
  if (args.length < definition.least || args.length > definition.most) throw wrongCount(name);
  return { definition, name, args };
}

/** Throws a `CommandError` for a command that can't be queued in a transaction. */
export function checkCommand(command: Command): void {
  lookUp(command);
}

/** Runs one command; `wrote` tells whether it may have changed anything. Errors are replies. */
export function execute(space: Keyspace, command: Command): { reply: Reply; wrote: boolean } {
  try {
    const { definition, name, args } = lookUp(command);
    return { reply: definition.run(space, args, name), wrote: definition.writes };
  } catch (thrown) {
    if (thrown instanceof CommandError) return { reply: thrown, wrote: false };
    throw thrown;
  }
}

/** Commands that make one key what it is. */
export function rebuild(key: string, { value, expiresAt }: Entry): Command[] {
  if (typeof value === "string") {
    return [["SET", key, value, ...(expiresAt === null ? [] : ["PXAT", String(expiresAt)])]];
  }
  const fields = ["HSET", key, ...[...value].flat()];
  return expiresAt === null ? [fields] : [fields, ["PEXPIREAT", key, String(expiresAt)]];
}

function parseInteger(text: string | undefined): bigint | undefined {
  if (text === undefined || !/^(?:0|-?[1-9]\d{0,18})$/.test(text)) return undefined;
  const value = BigInt(text);
  return value >= SMALLEST && value <= LARGEST ? value : undefined;
}

function integer(text: string | undefined): bigint {
  const value = parseInteger(text);
  if (value === undefined) throw notAnInteger();
  return value;
}

/** `by` added to `current`; `refusal` is for a current value that is no integer. */
function add(current: string, by: bigint, refusal: () => CommandError): string {
  const value = parseInteger(current);
  if (value === undefined) throw refusal();
  const sum = value + by;
  if (sum < SMALLEST || sum > LARGEST) throw overflow();
  return String(sum);
}

function stringAt(space: Keyspace, key: string): string | null {
  const value = space.find(key)?.value ?? null;
  if (value instanceof Map) throw wrongType();
  return value;
}

function hashAt(space: Keyspace, key: string): Hash | undefined {
  const value = space.find(key)?.value;
  if (typeof value === "string") throw wrongType();
  return value;
}

function hashToWrite(space: Keyspace, key: string): Hash {
  const hash = hashAt(space, key) ?? new Map();
  if (hash.size === 0) space.put(key, hash, null);
  return hash;
}

interface SetOptions {
  when: "NX" | "XX" | null;
  get: boolean;
  keepTtl: boolean;
  expiry: { unit: "EX" | "PX" | "EXAT" | "PXAT"; value: string } | null;
}

function setOptions(args: readonly string[]): SetOptions {
  const options: SetOptions = { when: null, get: false, keepTtl: false, expiry: null };
  const rest = [...args];
  for (let arg = rest.shift()?.toUpperCase(); arg !== undefined; arg = rest.shift()?.toUpperCase()) {
    if ((arg === "NX" || arg === "XX") && (options.when ?? arg) === arg) options.when = arg;
    else if (arg === "GET") options.get = true;
    else if (arg === "KEEPTTL" && !options.expiry) options.keepTtl = true;
    else if (arg === "EX" || arg === "PX" || arg === "EXAT" || arg === "PXAT") {
      const value = rest.shift();
      if (value === undefined || (options.expiry?.unit ?? arg) !== arg || options.keepTtl) throw syntaxError();
      options.expiry = { unit: arg, value };
    } else throw syntaxError();
  }
  return options;
}

/** Unix ms, from an amount in seconds or milliseconds, counted from now or from 1970. */
function timeOf(space: Keyspace, name: string, amount: bigint, seconds: boolean, fromNow: boolean): number {
  const ms = seconds ? amount * 1000n : amount;
  const at = ms + (fromNow ? BigInt(space.now) : 0n);
  if (ms < SMALLEST || ms > LARGEST || at > LARGEST) throw invalidExpiry(name);
  return Number(at);
}

function set(space: Keyspace, [key = "", value = "", ...rest]: readonly string[]): Reply {
  const { when, get, keepTtl, expiry } = setOptions(rest);
  let expiresAt: number | null = null;
  if (expiry) {
    const amount = integer(expiry.value);
    if (amount <= 0n) throw invalidExpiry("set");
    expiresAt = timeOf(space, "set", amount, !expiry.unit.startsWith("P"), !expiry.unit.endsWith("AT"));
  }
  const before = get ? stringAt(space, key) : null;
  const present = space.find(key);
  if ((when === "NX" && present) || (when === "XX" && !present)) return before;
  space.put(key, value, keepTtl ? (present?.expiresAt ?? null) : expiresAt);
  return get ? before : "OK";
}

function incrementBy(space: Keyspace, key: string, by: bigint): Reply {
  const value = add(stringAt(space, key) ?? "0", by, notAnInteger);
  space.put(key, value, space.find(key)?.expiresAt ?? null);
  return Number(value);
}

function expire(seconds: boolean, fromNow: boolean): Definition["run"] {
  return (space, [key = "", amount, ...rest], name) => {
    const options = new Set(rest.map((option) => option.toUpperCase()));
    const strange = rest.find((option) => !["NX", "XX", "GT", "LT"].includes(option.toUpperCase()));
    if (strange !== undefined) throw error(`Unsupported option ${strange}`);
    if (options.has("NX") && options.size > 1) {
      throw error("NX and XX, GT or LT options at the same time are not compatible");
    }
    if (options.has("GT") && options.has("LT")) throw error("GT and LT options at the same time are not compatible");
    const at = timeOf(space, name, integer(amount), seconds, fromNow);
    const entry = space.find(key);
    if (!entry) return 0;
    const current = entry.expiresAt;
    if (options.has("NX") && current !== null) return 0;
    if (options.has("XX") && current === null) return 0;
    if (options.has("GT") && (current === null || at <= current)) return 0;
    if (options.has("LT") && current !== null && at >= current) return 0;
    if (at <= space.now) space.remove(key);
    else entry.expiresAt = at;
    return 1;
  };
}

/** What is left of a key's time, ms; -1 for a key that stays, -2 for none. */
function timeLeft(space: Keyspace, key: string): number {
  const entry = space.find(key);
  if (!entry) return -2;
  return entry.expiresAt === null ? -1 : entry.expiresAt - space.now;
}

const typeOf = ({ value }: Entry) => (typeof value === "string" ? "string" : "hash");

function scan(space: Keyspace, [cursor = "", ...rest]: readonly string[]): Reply {
  if (!/^\d{1,20}$/.test(cursor)) throw error("invalid cursor");
  let matches = (_: string) => true;
  let count = 10;
  let type: string | undefined;
  for (let i = 0; i < rest.length; i += 2) {
    const [option, value] = [rest[i]?.toUpperCase(), rest[i + 1]];
    if (value === undefined) throw syntaxError();
    if (option === "MATCH") matches = matcher(value);
    else if (option === "TYPE") type = value.toLowerCase();
    else if (option === "COUNT") {
      count = Number(integer(value));
      if (count < 1) throw syntaxError();
    } else throw syntaxError();
  }
  const found: string[] = [];
  let looked = 0;
  for (const [key, entry] of space.entries()) {
    if (entry.serial <= Number(cursor)) continue;
    if (looked === count) return [String(entry.serial - 1), found];
    looked++;
    if (matches(key) && (type === undefined || typeOf(entry) === type)) found.push(key);
  }
  return ["0", found];
}

function hset(space: Keyspace, [key = "", ...pairs]: readonly string[], name: string): number {
  if (pairs.length % 2 === 1) throw wrongCount(name);
  const hash = hashToWrite(space, key);
  const before = hash.size;
  for (let i = 0; i < pairs.length; i += 2) hash.set(pairs[i] ?? "", pairs[i + 1] ?? "");
  return hash.size - before;
}

function hincrby(space: Keyspace, [key = "", field = "", amount]: readonly string[]): Reply {
  const by = integer(amount);
  const value = add(hashAt(space, key)?.get(field) ?? "0", by, () => error("hash value is not an integer"));
  hashToWrite(space, key).set(field, value);
  return Number(value);
}

function hincrbyfloat(space: Keyspace, [key = "", field = "", amount = ""]: readonly string[]): Reply {
  if ("wrong" in addFloats(amount, "0")) throw error("value is not a valid float");
  const added = addFloats(hashAt(space, key)?.get(field) ?? "0", amount);
  if ("wrong" in added) throw error("hash value is not a float");
  hashToWrite(space, key).set(field, added.sum);
  return added.sum;
}

function hdel(space: Keyspace, [key = "", ...fields]: readonly string[]): Reply {
  const hash = hashAt(space, key);
  if (!hash) return 0;
  const removed = fields.filter((field) => hash.delete(field)).length;
  if (hash.size === 0) space.remove(key);
  return removed;
}

function flush(space: Keyspace, [mode = "SYNC", ...rest]: readonly string[]): Reply {
  if (rest.length > 0 || !["ASYNC", "SYNC"].includes(mode.toUpperCase())) throw syntaxError();
  space.clear();
  return "OK";
}

const countOf = (keys: readonly string[], test: (key: string) => boolean) => keys.filter(test).length;
const reads = (least: number, most: number, run: Definition["run"]): Definition => ({
  least,
  most,
  writes: false,
  run,
});
const writes = (least: number, most: number, run: Definition["run"]): Definition => ({
  least,
  most,
  writes: true,
  run,
});
const remove = writes(1, MOST_ARGUMENTS, (space, keys) => countOf(keys, (key) => space.remove(key)));

const COMMANDS: Record<string, Definition> = {
  ping: reads(0, MOST_ARGUMENTS, (_, [message = "PONG", ...rest], name) => {
    if (rest.length > 0) throw wrongCount(name);
    return message;
  }),

  get: reads(1, 1, (space, [key = ""]) => stringAt(space, key)),
  mget: reads(1, MOST_ARGUMENTS, (space, keys) =>
    keys.map((key) => {
      const value = space.find(key)?.value;
      return typeof value === "string" ? value : null;
    }),
  ),
  set: writes(2, MOST_ARGUMENTS, set),
  getdel: writes(1, 1, (space, [key = ""]) => {
    const value = stringAt(space, key);
    space.remove(key);
    return value;
  }),
  incr: writes(1, 1, (space, [key = ""]) => incrementBy(space, key, 1n)),
  incrby: writes(2, 2, (space, [key = "", amount]) => incrementBy(space, key, integer(amount))),

  hset: writes(3, MOST_ARGUMENTS, hset),
  hsetnx: writes(3, 3, (space, [key = "", field = "", value = ""], name) =>
    hashAt(space, key)?.has(field) ? 0 : hset(space, [key, field, value], name),
  ),
  hget: reads(2, 2, (space, [key = "", field = ""]) => hashAt(space, key)?.get(field) ?? null),
  hmget: reads(2, MOST_ARGUMENTS, (space, [key = "", ...fields]) => {
    const hash = hashAt(space, key);
    return fields.map((field) => hash?.get(field) ?? null);
  }),
  hgetall: reads(1, 1, (space, [key = ""]) => [...(hashAt(space, key) ?? [])].flat()),
  hlen: reads(1, 1, (space, [key = ""]) => hashAt(space, key)?.size ?? 0),
  hincrby: writes(3, 3, hincrby),
  hincrbyfloat: writes(3, 3, hincrbyfloat),
  hdel: writes(2, MOST_ARGUMENTS, hdel),

  exists: reads(1, MOST_ARGUMENTS, (space, keys) => countOf(keys, (key) => space.find(key) !== undefined)),
  type: reads(1, 1, (space, [key = ""]) => {
    const entry = space.find(key);
    return entry ? typeOf(entry) : "none";
  }),
  del: remove,
  unlink: remove,
  expire: writes(2, MOST_ARGUMENTS, expire(true, true)),
  pexpire: writes(2, MOST_ARGUMENTS, expire(false, true)),
  expireat: writes(2, MOST_ARGUMENTS, expire(true, false)),
  pexpireat: writes(2, MOST_ARGUMENTS, expire(false, false)),
  persist: writes(1, 1, (space, [key = ""]) => {
    const entry = space.find(key);
    if (!entry || entry.expiresAt === null) return 0;
    entry.expiresAt = null;
    return 1;
  }),
  ttl: reads(1, 1, (space, [key = ""]) => {
    const left = timeLeft(space, key);
    return left < 0 ? left : Math.floor((left + 500) / 1000);
  }),
  pttl: reads(1, 1, (space, [key = ""]) => timeLeft(space, key)),

  scan: reads(1, MOST_ARGUMENTS, scan),
  dbsize: reads(0, 0, (space) => space.size),
  flushall: writes(0, MOST_ARGUMENTS, flush),
  flushdb: writes(0, MOST_ARGUMENTS, flush),
};
