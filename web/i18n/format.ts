// Numbers, money, durations and days as a reader of one locale expects them. Pure: the clock is passed in.

export type DayGroup = "today" | "yesterday" | "week" | "month" | { month: string };

export function makeFormats(locale: string) {
  const integer = new Intl.NumberFormat(locale, { maximumFractionDigits: 0 });
  const decimal = new Intl.NumberFormat(locale, { maximumFractionDigits: 2 });
  const compact = new Intl.NumberFormat(locale, { notation: "compact", maximumFractionDigits: 1 });
  const percent = new Intl.NumberFormat(locale, { style: "percent", maximumFractionDigits: 1 });
  const unit = (name: string, digits = 0) =>
    new Intl.NumberFormat(locale, { style: "unit", unit: name, unitDisplay: "short", maximumFractionDigits: digits });
  const milliseconds = unit("millisecond");
  const tenths = unit("second", 1);
  const seconds = unit("second");
  const minutes = unit("minute");
  /** With the symbol in every language: English alone would spell its short seconds out, `7.9 secs`. */
  const withSymbol = (format: Intl.NumberFormat, value: number) =>
    format
      .formatToParts(value)
      .map((part) => (part.type === "unit" ? "s" : part.value))
      .join("");
  const monthName = new Intl.DateTimeFormat(locale, { month: "long", year: "numeric" });
  const clock = new Intl.DateTimeFormat(locale, { hour: "numeric", minute: "2-digit" });
  const second = new Intl.DateTimeFormat(locale, {
    hour: "2-digit",
    minute: "2-digit",
    second: "2-digit",
    fractionalSecondDigits: 3,
  });
  const dayAndHour = new Intl.DateTimeFormat(locale, { weekday: "short", hour: "numeric", minute: "2-digit" });
  const instant = new Intl.DateTimeFormat(locale, { dateStyle: "medium", timeStyle: "short" });
  const money = (digits: number) =>
    new Intl.NumberFormat(locale, {
      style: "currency",
      currency: "USD",
      currencyDisplay: "narrowSymbol",
      minimumFractionDigits: Math.min(digits, 2),
      maximumFractionDigits: digits,
    });
  const dollars = { 0: money(0), 2: money(2), 4: money(4) };

  return {
    integer: (value: number) => integer.format(value),
    /** A count where there is little room: `1.4M`. */
    compact: (value: number) => compact.format(value),
    /** A part of one as `58.3%`. */
    percent: (value: number) => percent.format(value),
    decimal: (value: number) => decimal.format(value),

    /** Milliseconds as `212 ms`, `7.9 s` or `1 min 12 s`. */
    duration(ms: number): string {
      if (ms < 1000) return milliseconds.format(Math.round(ms));
      if (ms < 59_950) return withSymbol(tenths, ms / 1000);
      const whole = Math.round(ms / 1000);
      return `${minutes.format(Math.floor(whole / 60))} ${withSymbol(seconds, whole % 60)}`;
    },

    /** Milliseconds in one unit, for an axis: `10 ms`, `100 s`. */
    roundDuration: (ms: number) => (ms < 1000 ? milliseconds.format(ms) : withSymbol(seconds, ms / 1000)),

    /** US dollars: whole cents from one cent up, four digits below, and never a zero that is not one. */
    money(value: number): string {
      if (value === 0) return dollars[0].format(0);
      if (value < 0.00005) return `< ${dollars[4].format(0.0001)}`;
      return value < 0.1 ? dollars[4].format(value) : dollars[2].format(value);
    },

    /** The part of the list of chats a time belongs to, by calendar days of the reader. */
    dayGroup(time: number, now: number): DayGroup {
      const midnight = (days: number) => {
        const date = new Date(now);
        // By the calendar, not by 24 hours: a day that changes the clocks is 23 or 25 hours long.
        date.setDate(date.getDate() - days);
        return date.setHours(0, 0, 0, 0);
      };
      if (time >= midnight(0)) return "today";
      if (time >= midnight(1)) return "yesterday";
      if (time >= midnight(7)) return "week";
      if (time >= midnight(30)) return "month";
      const name = monthName.format(time);
      return { month: name.charAt(0).toLocaleUpperCase(locale) + name.slice(1) };
    },

    /** A step's beginning on a chart: the time of day, and the day where steps are hours long. */
    step: (time: number, stepMs: number) => (stepMs >= 3_600_000 ? dayAndHour : clock).format(time),
    /** A moment to the millisecond, within a day. */
    moment: (time: number) => second.format(time),
    instant: (time: number) => instant.format(time),
  };
}

export type Formats = ReturnType<typeof makeFormats>;
