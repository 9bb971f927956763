// Which part of a long conversation is drawn: its end at first, or the place an address names; more of it each time the
// reader nears an edge of that. What one task draws is bounded by its text and by its messages. Pure.

/** The messages from `from` on, and before `until`; `until` is Infinity where all that follow are drawn, new ones too. */
export interface Room {
  from: number;
  until: number;
}

/** A message's length, in UTF-16 code units, by its place in the conversation. */
export type LengthOf = (index: number) => number;

/** Messages that one task draws, at most: when a conversation is opened, and when there comes more of it. */
const AT_FIRST = 4;
const MORE = 2;
/** Their text: about two screens. A longer message comes alone. */
const TEXT = 6_000;

/** How many of at most `most` messages one task draws, beginning at `index` and going `by` one after another. */
function reach(index: number, by: 1 | -1, most: number, lengthOf: LengthOf): number {
  let reached = 0;
  for (let text = 0; reached < most; reached++) {
    text += lengthOf(index + by * reached);
    if (text > TEXT && reached > 0) break;
  }
  return reached;
}

export const endOf = (count: number, lengthOf: LengthOf): Room => ({
  from: count - reach(count - 1, -1, Math.min(AT_FIRST, count), lengthOf),
  until: Number.POSITIVE_INFINITY,
});

/** The end, or where that is some way off, the place of one message. */
export function around(index: number, count: number, lengthOf: LengthOf): Room {
  const end = endOf(count, lengthOf);
  return index >= end.from ? end : downwards({ from: index, until: index }, count, lengthOf);
}

export const upwards = ({ from, until }: Room, lengthOf: LengthOf): Room => ({
  from: from - reach(from - 1, -1, Math.min(MORE, from), lengthOf),
  until,
});

export function downwards({ from, until }: Room, count: number, lengthOf: LengthOf): Room {
  const next = until + reach(until, 1, Math.min(MORE, count - until), lengthOf);
  return { from, until: next >= count ? Number.POSITIVE_INFINITY : next };
}

/** The room once the messages changed: the same while what it begins with is still there and little was added. */
export function adapted(room: Room, before: readonly string[], now: readonly string[], lengthOf: LengthOf): Room {
  const same = before[room.from] !== undefined && now[room.from] === before[room.from];
  return same && now.length - before.length <= AT_FIRST ? room : endOf(now.length, lengthOf);
}
