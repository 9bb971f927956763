// Whether an answer arrived whole: its text put together from what came over the wire, against what the model said.
import { createParser } from "eventsource-parser";
import { scriptedText } from "../local/model/text.ts";
import type { LogRecord } from "../protocol/records.ts";
import { applyDelta } from "../protocol/reduce.ts";
import { parseSse } from "../protocol/sse.ts";

export type Wire = "chat-completions" | "responses" | "records" | "record-frames";

/** What is wrong with the answer, or null. */
export function faultOf(wire: Wire, body: string, prompt: string, tokens: number): string | null {
  const text = wire === "records" || wire === "record-frames" ? textOfRecords(wire, body) : textOfEvents(wire, body);
  if (typeof text !== "string") return text.fault;
  const said = text.replace(/@\d{13}\.\d\d/g, "");
  const expected = scriptedText(prompt, tokens);
  if (said === expected) return null;
  const at = [...said].findIndex((character, index) => character !== [...expected][index]);
  return `text of ${said.length} code units, ${expected.length} expected; first difference at character ${at}`;
}

function textOfRecords(wire: Wire, body: string): string | { fault: string } {
  let text: string = "";
  let through = 0;
  let fault: string | null = "no end";
  for (const record of wire === "records" ? eventsOf(body) : framesOf(body)) {
    if (record.type === "delta") {
      const longer = applyDelta(text, record);
      if (longer === undefined) return { fault: `a gap at ${record.at}, after ${text.length} code units` };
      text = longer;
      // Replayed text is its own promise.
      if ("offset" in record) through = text.length;
    } else if (record.type === "commit") {
      through = record.through;
    } else if (record.type === "run.ended") {
      fault = record.status === "completed" ? null : `it ended ${record.status}: ${record.error?.message}`;
    }
  }
  if (fault === null && through !== text.length) fault = `${text.length - through} code units were never promised`;
  return fault === null ? text : { fault };
}

function framesOf(body: string): (LogRecord & { offset?: string })[] {
  return body
    .split("\n")
    .filter(Boolean)
    .map((line) => JSON.parse(line) as LogRecord & { offset?: string });
}

function eventsOf(body: string): (LogRecord & { offset?: string })[] {
  const records: (LogRecord & { offset?: string })[] = [];
  const parser = createParser({
    onEvent: ({ id, event = "", data }) =>
      records.push({ ...parseSse(event, data), ...(id !== undefined && { offset: id }) }),
  });
  parser.feed(body);
  return records;
}

function textOfEvents(wire: Wire, body: string): string | { fault: string } {
  let text = "";
  let ended = false;
  const parser = createParser({
    onEvent: ({ data }) => {
      if (data === "[DONE]") {
        ended = true;
        return;
      }
      const event = JSON.parse(data) as {
        type?: string;
        delta?: string;
        choices?: { delta?: { content?: string } }[];
      };
      if (wire === "chat-completions") text += event.choices?.[0]?.delta?.content ?? "";
      else if (event.type === "response.output_text.delta") text += event.delta ?? "";
      else if (event.type === "response.completed") ended = true;
    },
  });
  parser.feed(body);
  return ended ? text : { fault: "no end" };
}
