// HINCRBYFLOAT adds in the C `long double` of x86-64, a 64-bit mantissa, and prints 17 digits after the point. This does
// the same in big integers, so that a sum reads the same here as in a real Redis.

/** `mantissa × 2^exponent`, the mantissa below 2^64. */
interface LongDouble {
  mantissa: bigint;
  exponent: number;
}

const NUMBER = /^([+-]?)(?=\.?\d)(\d*)(?:\.(\d*))?(?:e([+-]?\d{1,4}))?$/i;
const BITS = 64;
const DIGITS = 17;

/** The sum of two decimals as Redis prints it, or undefined for the one that is no number. */
export function addFloats(a: string, b: string): { sum: string } | { wrong: "first" | "second" } {
  const first = parse(a);
  if (!first) return { wrong: "first" };
  const second = parse(b);
  return second ? { sum: print(add(first, second)) } : { wrong: "second" };
}

function parse(text: string): LongDouble | undefined {
  const [, sign, whole = "", fraction = "", power = "0"] = NUMBER.exec(text) ?? [];
  if (sign === undefined) return undefined;
  const digits = BigInt(whole + fraction);
  const tens = Number(power) - fraction.length;
  const value = tens >= 0 ? round(digits * 10n ** BigInt(tens), 1n, 0) : round(digits, 10n ** BigInt(-tens), 0);
  return sign === "-" ? { ...value, mantissa: -value.mantissa } : value;
}

function add(a: LongDouble, b: LongDouble): LongDouble {
  const exponent = Math.min(a.exponent, b.exponent);
  const aligned = ({ mantissa, exponent: own }: LongDouble) => mantissa << BigInt(own - exponent);
  const sum = aligned(a) + aligned(b);
  const value = round(sum < 0n ? -sum : sum, 1n, exponent);
  return sum < 0n ? { ...value, mantissa: -value.mantissa } : value;
}

function print({ mantissa, exponent }: LongDouble): string {
  const scaled = (mantissa < 0n ? -mantissa : mantissa) * 10n ** BigInt(DIGITS);
  const units = exponent >= 0 ? scaled << BigInt(exponent) : divide(scaled, 1n << BigInt(-exponent));
  const digits = units.toString().padStart(DIGITS + 1, "0");
  const fraction = digits.slice(-DIGITS).replace(/0+$/, "");
  const text = digits.slice(0, -DIGITS) + (fraction && `.${fraction}`);
  return mantissa < 0n && text !== "0" ? `-${text}` : text;
}

/** `above / below × 2^exponent`, none of them negative, to the nearest of 64 bits. */
function round(above: bigint, below: bigint, exponent: number): LongDouble {
  if (above === 0n) return { mantissa: 0n, exponent: 0 };
  let shift = BITS - (lengthOf(above) - lengthOf(below));
  const scaled = () => (shift >= 0 ? divide(above << BigInt(shift), below) : divide(above, below << BigInt(-shift)));
  if (lengthOf(scaled()) > BITS) shift--;
  return { mantissa: scaled(), exponent: exponent - shift };
}

/** To the nearest, and to the even one of two that are as near. */
function divide(above: bigint, below: bigint): bigint {
  const quotient = above / below;
  const twice = 2n * (above % below);
  return twice > below || (twice === below && quotient % 2n === 1n) ? quotient + 1n : quotient;
}

const lengthOf = (value: bigint) => value.toString(2).length;
