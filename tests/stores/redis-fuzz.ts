// The embedded Redis against a real one: the same seeded commands go to both, and every reply must be the same. Now and
// then the embedded one is opened again on its journal, as after a crash, and whole contents are compared.
import { isDeepStrictEqual } from "node:util";
import { EmbeddedRedis } from "../../local/stores/redis/embedded.ts";
import { type Command, CommandError, type RedisStore, type Reply } from "../../local/stores/redis/store.ts";
import { Random } from "../simulation/random.ts";

export interface FuzzResult {
  commands: number;
  /** The first difference, told for a person; null when there was none. */
  difference: string | null;
}

const REOPEN_EVERY = 500;
/** Clocks of two processes: what is left of a key's time may differ by this. */
const CLOCK_MS = 10_000;

/** Runs about `commands` commands on `real`, which is emptied first, and on a store in `folder`. */
export async function fuzz(seed: number, commands: number, real: RedisStore, folder: string): Promise<FuzzResult> {
  const random = new Random(seed, "redis");
  let embedded = new EmbeddedRedis(folder);
  const recent: Command[] = [];
  let done = 0;
  const differs = (what: string, [ours, theirs]: [unknown, unknown]): FuzzResult => ({
    commands: done,
    difference: [
      `seed ${seed}, after ${done} commands: ${what}`,
      `  embedded ${JSON.stringify(shown(ours))}`,
      `  real     ${JSON.stringify(shown(theirs))}`,
      `  before   ${JSON.stringify(recent.slice(-12))}`,
    ].join("\n"),
  });

  await real.run([["FLUSHALL"]]);
  while (done < commands) {
    const batch = Array.from({ length: random.between(1, 6) }, () => command(random));
    const together = random.chance(0.2);
    const [ours, theirs] = await both(embedded, real, (store) =>
      together ? store.transaction(batch).catch((error) => batch.map(() => error)) : store.run(batch),
    );
    for (const [i, one] of batch.entries()) {
      recent.push(one);
      if (!same(one, ours[i], theirs[i])) return differs(JSON.stringify(one), [ours[i], theirs[i]]);
    }
    done += batch.length;
    if (random.chance(0.05)) {
      const how = scanOptions(random);
      const [found, expected] = await both(embedded, real, (store) => scanAll(store, how));
      if (!isDeepStrictEqual(found, expected)) return differs(`SCAN ${JSON.stringify(how)}`, [found, expected]);
    }
    if (done % REOPEN_EVERY < batch.length) {
      // Without a goodbye: the journal alone has to tell.
      embedded = new EmbeddedRedis(folder);
      const [kept, expected] = await both(embedded, real, contents);
      if (!isDeepStrictEqual(kept, expected)) return differs("contents after opening again", [kept, expected]);
    }
    if (recent.length > 1_000) recent.splice(0, 900);
  }
  await embedded.close();
  return { commands: done, difference: null };
}

async function both<T>(a: RedisStore, b: RedisStore, ask: (store: RedisStore) => Promise<T>): Promise<[T, T]> {
  return Promise.all([ask(a), ask(b)]);
}

function same([name = ""]: Command, ours: Reply | undefined, theirs: Reply | undefined): boolean {
  if (ours instanceof CommandError || theirs instanceof CommandError) {
    return ours instanceof CommandError && theirs instanceof CommandError && ours.message === theirs.message;
  }
  const command = name.toUpperCase();
  if (command === "HGETALL") return isDeepStrictEqual(pairs(ours), pairs(theirs));
  // The client's own cursor: whole scans are compared instead.
  if (command === "SCAN") return Array.isArray(ours) && Array.isArray(theirs);
  if (typeof ours === "number" && typeof theirs === "number") {
    const slack = command === "TTL" ? CLOCK_MS / 1_000 : command === "PTTL" ? CLOCK_MS : 0;
    // Beyond 2^53 the client itself reads no exact number.
    const blur = Math.abs(theirs) > Number.MAX_SAFE_INTEGER ? Math.abs(theirs) * 1e-15 : 0;
    const signs = Math.sign(ours) === Math.sign(theirs);
    return signs && Math.abs(ours - theirs) <= Math.max(slack, blur);
  }
  return isDeepStrictEqual(ours, theirs);
}

function pairs(reply: Reply | undefined): unknown {
  if (!Array.isArray(reply)) return reply;
  const list = reply.flatMap((field, i) => (i % 2 === 0 ? [[String(field), String(reply[i + 1])]] : []));
  return list.sort(([a = ""], [b = ""]) => (a < b ? -1 : 1));
}

async function scanAll(store: RedisStore, options: readonly string[]): Promise<unknown> {
  const found = new Set<string>();
  let cursor = "0";
  do {
    const [reply] = await store.run([["SCAN", cursor, ...options]]);
    if (!Array.isArray(reply)) return shown(reply);
    cursor = String(reply[0]);
    for (const key of reply[1] as string[]) found.add(key);
  } while (cursor !== "0");
  return [...found].sort();
}

/** All that is there; times only as far as two clocks allow. */
async function contents(store: RedisStore): Promise<unknown> {
  const keys = (await scanAll(store, [])) as string[];
  const asked = keys.flatMap((key) => [
    ["GET", key],
    ["HGETALL", key],
    ["PTTL", key],
  ]);
  const replies = await store.run(asked);
  return keys.map((key, i) => {
    const [text, hash, left] = replies.slice(3 * i, 3 * i + 3);
    const value = text instanceof CommandError ? pairs(hash) : text;
    return [key, value, typeof left === "number" && left > 0 ? "ticking" : left];
  });
}

const shown = (value: unknown): unknown =>
  value instanceof Error ? `${value.name}: ${value.message}` : Array.isArray(value) ? value.map(shown) : value;

const KEYS = ["a", "b", "ab", "abc", "a*", "a[b", "h-1", "h-2", "日本", ""];
const FIELDS = ["f", "g", "é🙂", "", "1"];
const INTEGERS = ["0", "1", "-1", "7", "42", "1000000", "9223372036854775807", "-9223372036854775808"];
const NO_INTEGERS = ["", " 1", "1 ", "+1", "01", "-0", "1.0", "x", "9223372036854775808", "--1"];
const FLOATS = [
  "0.1",
  "0.2",
  "-0.3",
  "1.5",
  "1e3",
  "2.5e-7",
  "0.000123",
  ".5",
  "5.",
  "+3",
  "-17.25",
  "1234567.891",
  "3e-18",
];
const NO_FLOATS = ["", "x", "1.2.3", " 1", "1 ", "e5", ".", "-", "nan", "1e"];
const TEXTS = ["", "x", "日本 🙂", "a\r\nb", '{"json":[1,"é"]}', "OK", "-ERR", "x".repeat(300)];
const PATTERNS = [
  "*",
  "a*",
  "?",
  "a?",
  "[ab]",
  "[^a]*",
  "[a-c]*",
  "*b*",
  "a\\*",
  "h-[0-9]",
  "日?",
  "[",
  "a[b",
  "[z-a]",
  "",
  "\\",
];

function command(random: Random): Command {
  const key = () => random.pick(KEYS);
  const field = () => random.pick(FIELDS);
  const integer = () => (random.chance(0.9) ? random.pick(INTEGERS) : random.pick(NO_INTEGERS));
  const float = () => {
    if (random.chance(0.1)) return random.pick(NO_FLOATS);
    return random.chance(0.5) ? random.pick(FLOATS) : ((random.next() - 0.5) * 10 ** random.between(-6, 6)).toString();
  };
  const value = () => random.pick([random.pick(TEXTS), integer(), float()]);
  const some = <T>(most: number, one: () => T) => Array.from({ length: random.between(1, most) }, one);
  const seconds = () =>
    random.chance(0.9) ? String(random.between(1_000, 1_000_000_000)) : random.pick(["0", "-5", "x", "1.5"]);
  const ms = () =>
    random.chance(0.9) ? String(random.between(1_000_000, 2_000_000_000)) : random.pick(["0", "-5", "x", ""]);
  const later = (unit: number) => String(Math.floor(Date.now() / unit) + random.between(1_000_000, 2_000_000_000));
  const at = (unit: number) => (random.chance(0.9) ? later(unit) : String(random.between(-1_000_000, 1_000_000)));
  const setOption = () =>
    random.pick<() => string[]>([
      () => ["NX"],
      () => ["XX"],
      () => ["GET"],
      () => ["KEEPTTL"],
      () => ["EX", seconds()],
      () => ["PX", ms()],
      () => ["PXAT", later(1)],
      () => ["EXAT", later(1_000)],
      () => ["WHAT"],
      () => ["EX"],
    ])();
  const expireOptions = () =>
    random.chance(0.6) ? [] : some(2, () => random.pick(["NX", "XX", "GT", "LT", "gt", "OR"]));
  const make = random.pick<() => string[]>([
    () => ["GET", key()],
    () => ["GET", key()],
    () => ["SET", key(), value()],
    () => ["SET", key(), value(), ...some(3, setOption).flat()],
    () => ["MGET", ...some(3, key)],
    () => ["GETDEL", key()],
    () => ["INCR", key()],
    () => ["INCRBY", key(), integer()],
    () => ["HSET", key(), ...some(4, () => [field(), value()]).flat()],
    () => ["HSETNX", key(), field(), value()],
    () => ["HGET", key(), field()],
    () => ["HMGET", key(), ...some(3, field)],
    () => ["HGETALL", key()],
    () => ["HLEN", key()],
    () => ["HINCRBY", key(), field(), integer()],
    () => ["HINCRBYFLOAT", key(), field(), float()],
    () => ["HINCRBYFLOAT", "money", field(), float()],
    () => ["HDEL", key(), ...some(3, field)],
    () => [random.pick(["DEL", "UNLINK"]), ...some(2, key)],
    () => ["EXISTS", ...some(3, key)],
    () => ["TYPE", key()],
    () => ["EXPIRE", key(), seconds(), ...expireOptions()],
    () => ["PEXPIRE", key(), ms(), ...expireOptions()],
    () => ["EXPIREAT", key(), at(1_000), ...expireOptions()],
    () => ["PEXPIREAT", key(), at(1), ...expireOptions()],
    () => ["PERSIST", key()],
    () => ["TTL", key()],
    () => ["PTTL", key()],
    () => ["DBSIZE"],
    () => ["PING", ...some(2, value).slice(1)],
    () =>
      random.chance(0.1)
        ? [random.pick(["FLUSHALL", "FLUSHDB"]), ...(random.chance(0.5) ? ["ASYNC"] : [])]
        : ["DBSIZE"],
    () => ["SCAN", random.pick(["0", "x"]), ...scanOptions(random)],
    () => [random.pick(["NONSENSE", "NOSUCH"]), ...some(2, key)],
  ])();
  // Now and then one argument too few or too many, and a name in another case.
  if (random.chance(0.03)) make.pop();
  if (random.chance(0.02)) make.push(key());
  const [name = "PING", ...args] = make;
  return [random.chance(0.2) ? name.toLowerCase() : name, ...args];
}

function scanOptions(random: Random): string[] {
  return [
    ...(random.chance(0.7) ? ["MATCH", random.pick(PATTERNS)] : []),
    ...(random.chance(0.5) ? ["COUNT", random.pick(["1", "2", "100", "0", "x"])] : []),
    ...(random.chance(0.3) ? ["TYPE", random.pick(["string", "hash", "list"])] : []),
    ...(random.chance(0.03) ? ["WHAT", "1"] : []),
  ];
}
