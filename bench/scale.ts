// What docs/scale.md says of many people, played through: a peak hour of asks, and what reaches the objects that many share.
// `npx node bench/scale.ts [seed]` prints the table of that page. Questions are as skewed as words are (Zipf); a part of
// them everybody may ask, the rest are a person's own. Of the common ones a part is played, chosen by its number, so that
// each question played has all of its asks.
import { pathToFileURL } from "node:url";
import { MAX_FOLLOWERS } from "../protocol/limits.ts";
import { Random } from "../tests/simulation/random.ts";

export interface Crowd {
  people: number;
  /** Asks of a person and day; the peak hour has ten times its share. */
  asksADay: number;
  /** The part of all asks that others may ask as well, and among how many questions. */
  common: number;
  questions: number;
  /** How long an answer is kept, and how long it takes to be made, seconds. */
  keptFor: number;
  madeIn: number;
}

export interface Load {
  asksASecond: number;
  /** Of the common asks, those that found a kept answer, and those that joined one being made. */
  hits: number;
  collapsed: number;
  /** Of all asks: those for which a provider is asked. */
  made: number;
  /** The most asked question: asks a second, and chats that follow its answer while it is made: as many as may. */
  hottest: number;
  followers: number;
  /** Look-ups a second at the one object that knows all made tokens. */
  lookUps: number;
}

const DAY_S = 86_400;
const HOUR_S = 3_600;
const PEAK = 10;
/** A Worker's isolate takes so many requests a second before the platform has another one, and remembers a token so long. */
const ISOLATE_RATE = 100;
const REMEMBERED_S = 5;
/** Asks played at most. */
const PLAYED = 2_000_000;
/** An ask is the first of about five requests: its stream, status, the list. */
const REQUESTS_AN_ASK = 5;

export function play(crowd: Crowd, seed: number): Load {
  const { people, asksADay, common, questions, keptFor, madeIn } = crowd;
  const random = new Random(seed, "scale");
  const asksASecond = (people * asksADay * PEAK) / DAY_S;
  const shared = asksASecond * common * HOUR_S;
  /** The sum of Zipf's law, 1/rank; the hottest question has the rank 1. */
  const weight = Array.from({ length: questions }, (_, i) => 1 / (i + 1)).reduce((sum, one) => sum + one, 0);
  // Every `stride`th question is played, with the hottest one among them.
  const stride = Math.max(1, Math.ceil(shared / PLAYED));
  let [hits, collapsed, misses, followers] = [0, 0, 0, 0];
  for (let rank = 1; rank <= questions; rank += rank === 1 ? 1 : stride) {
    const rate = (asksASecond * common) / (rank * weight);
    // The hottest one stands for itself, each other one for the ranks that are passed over.
    const stands = rank === 1 ? 1 : stride;
    const one = rank === 1 && rate * HOUR_S > PLAYED ? playHot(rate, crowd) : playOne(rate, keptFor, madeIn, random);
    hits += one.hits * stands;
    collapsed += one.collapsed * stands;
    misses += one.misses * stands;
    followers = Math.max(followers, one.followers);
  }
  const all = Math.max(1, hits + collapsed + misses);
  const made = 1 - common + common * (misses / all);
  return {
    asksASecond,
    hits: hits / all,
    collapsed: collapsed / all,
    made,
    hottest: (asksASecond * common) / weight,
    followers,
    lookUps: lookUpsOf(asksASecond * REQUESTS_AN_ASK, people),
  };
}

/** One question for an hour, its asks coming by chance. */
function playOne(rate: number, keptFor: number, madeIn: number, random: Random) {
  const result = { hits: 0, collapsed: 0, misses: 0, followers: 0 };
  let [madeFrom, following] = [Number.NEGATIVE_INFINITY, 0];
  for (let now = -Math.log(1 - random.next()) / rate; now < HOUR_S; now += -Math.log(1 - random.next()) / rate) {
    const age = now - madeFrom;
    if (age < madeIn && following < MAX_FOLLOWERS) {
      result.collapsed++;
      following++;
    } else if (age < madeIn) {
      result.misses++;
    } else if (age < madeIn + keptFor) {
      result.hits++;
    } else {
      result.misses++;
      [madeFrom, following] = [now, 1];
    }
    result.followers = Math.max(result.followers, following);
  }
  return result;
}

/** A question that is asked so often that chance evens out. */
function playHot(rate: number, { keptFor, madeIn }: Crowd) {
  const times = Math.ceil(HOUR_S / (madeIn + keptFor));
  const asked = rate * madeIn;
  const followers = Math.min(asked, MAX_FOLLOWERS);
  const own = times * (1 + asked - followers);
  return { misses: own, collapsed: times * followers, hits: rate * HOUR_S - times * (asked + 1), followers };
}

/** Each isolate asks again for a token that it has not heard of for a while: with many people, for nearly every request. */
function lookUpsOf(requestsASecond: number, people: number): number {
  const isolates = Math.ceil(requestsASecond / ISOLATE_RATE);
  const rateOfOne = requestsASecond / people / isolates;
  return people * isolates * (rateOfOne / (1 + rateOfOne * REMEMBERED_S));
}

const CROWD = { asksADay: 10, common: 0.3, questions: 100_000, keptFor: 3_600, madeIn: 20 };
const SIZES = [10_000, 1_000_000, 100_000_000];

/** A line for each size, as the page has it. */
export function scaleLines(seed: number): string[] {
  const percent = (part: number) => `${Math.round(part * 100)} %`;
  const count = (value: number) => String(Number(value.toPrecision(2)));
  return SIZES.map((people) => {
    const load = play({ ...CROWD, people }, seed);
    const { asksASecond, hits, collapsed, made, hottest, followers, lookUps } = load;
    const cells = [count(people), count(asksASecond), percent(hits), percent(collapsed), percent(made)];
    return `| ${[...cells, count(hottest), count(followers), count(lookUps)].join(" | ")} |`;
  });
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? "").href) {
  console.log(scaleLines(Number(process.argv[2] ?? 1)).join("\n"));
}
