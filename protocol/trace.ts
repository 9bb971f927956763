// W3C Trace Context: which request, step or call belongs to which, whatever program it is in. A trace travels as the text
// of its `traceparent` header and is kept as that text, too.

/** Of version 00; a later version begins the same way. */
const TRACEPARENT = /^(?!ff)[0-9a-f]{2}-(?!0{32})([0-9a-f]{32})-(?!0{16})([0-9a-f]{16})-([0-9a-f]{2})(?=$|-)/;
const SAMPLED = "01";

type Random = () => number;

/** What came with a request, or null when that is no trace. */
export function parseTrace(header: string | null | undefined): string | null {
  const [, trace, span, flags] = TRACEPARENT.exec(header?.trim() ?? "") ?? [];
  return trace === undefined ? null : `00-${trace}-${span}-${flags}`;
}

/** The next span of a trace, or the first one of a new trace. */
export function nextSpan(parent: string | null, random: Random): string {
  const [, trace = hex(32, random), , flags = SAMPLED] = parent?.split("-") ?? [];
  return `00-${trace}-${hex(16, random)}-${flags}`;
}

/** How a line of a log names where it belongs. */
export function traceFields(span: string | null, parent: string | null = null): Record<string, string> {
  const [, trace, id] = span?.split("-") ?? [];
  if (!trace || !id) return {};
  const [, , above] = parent?.split("-") ?? [];
  return { trace, span: id, ...(above && { parent: above }) };
}

function hex(digits: number, random: Random): string {
  let text = "";
  while (text.length < digits)
    text += Math.floor(random() * 0x1_0000_0000)
      .toString(16)
      .padStart(8, "0");
  // All zeros are no id.
  return /[^0]/.test(text) ? text : `${text.slice(1)}1`;
}
