// The archive for tests in Node, over PGlite and over a real Postgres, by the endpoint that the Worker would use.
import { afterAll, beforeAll, describe, inject, it } from "vitest";
import { Archive } from "../archive/archive.ts";
import { type Connect, connector } from "../archive/database.ts";
import type { ChatFacts } from "../archive/facts.ts";
import { endedWell, startedRecord } from "./chat-kit.ts";
import { openLine, type TestLine } from "./stores/control.ts";
import { withoutRealStores } from "./stores/servers.ts";
import { archiveSettings, type StoresKind, TestStores } from "./stores/test-stores.ts";

export const ARCHIVES: { kind: StoresKind; absent: string | undefined }[] = [
  { kind: "embedded", absent: undefined },
  { kind: "real", absent: withoutRealStores },
];

export interface TestArchive {
  archive: Archive;
  connect: Connect;
  dispose(): Promise<void>;
}

export async function openArchive(kind: StoresKind): Promise<TestArchive> {
  const stores = new TestStores(kind);
  const { DATABASE_URL, NEON_FETCH_ENDPOINT } = archiveSettings(await stores.archive());
  const connect = connector(DATABASE_URL, NEON_FETCH_ENDPOINT);
  return { archive: new Archive(connect), connect, dispose: () => stores.dispose() };
}

export interface ArchiveOnLine {
  /** Breaks the way to it. */
  line: TestLine;
  archive: Archive;
  /** By a way that nobody breaks. */
  look: Connect;
}

/** The same tests with each archive that there is, over a line of their own. Its parts are there once tests run. */
export function withEachArchive(tests: (at: ArchiveOnLine) => void): void {
  describe.each(ARCHIVES)("with the $kind archive", ({ kind, absent }) => {
    if (absent) return it.skip(absent);
    const stores = inject("stores");
    const at = {} as ArchiveOnLine;
    const connectBy = ({ settings: { DATABASE_URL, NEON_FETCH_ENDPOINT } }: TestLine) =>
      connector(DATABASE_URL, NEON_FETCH_ENDPOINT);
    beforeAll(async () => {
      at.line = await openLine(stores, kind, "archive");
      at.archive = new Archive(connectBy(at.line));
      at.look = connectBy(await openLine(stores, kind, "archive"));
    }, 120_000);
    afterAll(() => at.line?.set("archive", "pass"));
    tests(at);
  });
}

let chats = 0;

/** What a chat of one question and one answer tells. */
export function factsOf(question: string, answer: string, more: Partial<ChatFacts> = {}): ChatFacts {
  const id = (++chats).toString(16).padStart(64, "0");
  const time = 1_764_000_000_000 + chats;
  const started = startedRecord(1, { run: `${id}.1`, parent: "m1", time });
  const ended = { type: "run.ended" as const, run: `${id}.1`, ...endedWell(), replacedBy: null, time: time + 4 };
  return {
    id,
    owner: "me",
    tenant: "open",
    title: question,
    created: time,
    updated: time + 4,
    after: 0,
    through: 3,
    log: "[]",
    messages: [
      { id: "m1", parent: null, role: "user", text: question, run: null, time },
      { id: "a1", parent: "m1", role: "assistant", text: answer, run: 1, time },
    ],
    runs: [{ run: 1, started, ended }],
    ...more,
  };
}
