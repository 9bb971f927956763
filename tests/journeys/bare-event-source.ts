// A reader that is nothing but the standard EventSource of the platform: it is given an address, and resumes by itself.
// `node --experimental-eventsource bare-event-source.ts URL` prints, as one line of JSON, what it has in the end.
import { parseSse } from "../../protocol/sse.ts";
import { Transcript } from "./transcript.ts";

const TYPES = [
  "message",
  "title",
  "run.started",
  "run.phase",
  "delta",
  "commit",
  "run.recovered",
  "run.ended",
] as const;

export interface BareReport {
  /** Times the connection was opened. */
  opens: number;
  /** The text of each run, and how it ended. */
  runs: Record<string, { text: string; status: string }>;
  /** It was told that there is no more, and has stopped coming back. */
  closed: boolean;
}

const [url = ""] = process.argv.slice(2);
// While it waits to come back, Node's own would let the process end.
const awake = setInterval(() => {}, 60_000);
const source = new EventSource(url);
const transcript = new Transcript();
let opens = 0;
source.onopen = () => {
  opens += 1;
};
for (const type of TYPES) {
  source.addEventListener(type, (event) => {
    const { data, lastEventId } = event as MessageEvent<string>;
    const record = parseSse(type, data);
    // An event without `id:` is told with the last one there was, so only a new one is an offset of its own.
    const promised = lastEventId !== "" && lastEventId !== transcript.offset;
    transcript.take(promised ? { ...record, offset: lastEventId } : record);
  });
}
source.onerror = () => {
  if (source.readyState !== EventSource.CLOSED) return;
  const runs = Object.entries(transcript.state.runs).map(([id, { text, status }]) => [id, { text, status }]);
  const report: BareReport = { opens, runs: Object.fromEntries(runs), closed: true };
  console.log(JSON.stringify(report));
  clearInterval(awake);
};
