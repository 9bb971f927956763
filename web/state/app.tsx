// What every view may use: the open chat's session, the list of chats, what the deployment offers, and which parts of
// the page are open. Built once, in `AppProvider`.
import { useLocation, useNavigate } from "@solidjs/router";
import {
  createContext,
  createEffect,
  createMemo,
  createRoot,
  createSignal,
  type JSX,
  on,
  onCleanup,
  type ParentProps,
  untrack,
  useContext,
} from "solid-js";
import type { Tier } from "../../protocol/records.ts";
import type { Model } from "../../protocol/requests.ts";
import { cancel, generate, readChat, readModels, readRecords, readTiers } from "../api/chats.ts";
import type { ApiError } from "../api/client.ts";
import { openSocket } from "../api/socket.ts";
import { t } from "../i18n/locale.ts";
import { createChatSession, type SessionApi } from "./chat-session.ts";
import { useChats } from "./chats.ts";
import { makeRemote } from "./remote.ts";
import { adoptSettings, type Settings, setSettings, settingsOf, toAsk } from "./settings.ts";
import { recall, remember } from "./storage.ts";

const api: SessionApi = { generate, cancel, readChat, readRecords, openSocket };
/** What a deployment offers changes only with its configuration. */
const FRESH_FOR = 60_000;

const CHAT_PATH = /^\/c\/([0-9a-f]{64})$/;

/** Whether the window is wide enough for the panel to stand beside the conversation. */
const wide = () => matchMedia("(min-width: 1100px)").matches;

function makeApp() {
  const navigate = useNavigate();
  const location = useLocation();
  const chats = useChats();
  const tiers = makeRemote(readTiers, { freshFor: FRESH_FOR });
  const models = makeRemote(readModels, { freshFor: FRESH_FOR });

  // Who is not let in yet finds the door, not an empty page.
  createEffect(() => {
    if ((chats.error() as ApiError | null)?.status !== 401) return;
    if (/^\/($|c\/)/.test(untrack(() => location.pathname))) navigate("/access");
  });

  const openId = createMemo(() => CHAT_PATH.exec(location.pathname)?.[1] ?? null);
  // In a root of its own: a session that begins in an effect must not end when that effect runs again.
  const newSession = (id: string | null) =>
    createRoot((end) => {
      const session = createChatSession(id, api);
      const dispose = () => {
        session.dispose();
        end();
      };
      return { ...session, dispose };
    });
  const [session, setSession] = createSignal(newSession(untrack(openId)));
  createEffect(
    on(
      openId,
      (id) => {
        const before = untrack(session);
        // A new chat that just got its id goes on in the session it began in.
        if (before.chatId() === id) return;
        before.dispose();
        setSession(newSession(id));
      },
      { defer: true },
    ),
  );
  onCleanup(() => untrack(session).dispose());

  const [drawer, setDrawer] = createSignal(false);
  const [dialog, setDialog] = createSignal<"search" | "help" | "share" | null>(null);
  const [panel, setPanelSignal] = createSignal(wide() && recall("panel") === "open");
  createEffect(
    on(
      () => location.pathname,
      () => setDrawer(false),
    ),
  );

  const lastRun = createMemo(() => {
    const { path, runOf } = session();
    for (const { id } of path().toReversed()) {
      const run = runOf(id);
      if (run) return run;
    }
    return undefined;
  });
  const chosen = createMemo((): Settings => settingsOf(session().chatId(), lastRun()));
  /** The model an ask would go to: the chosen one where the deployment still has it, else its default. */
  const model = createMemo((): Model | undefined => {
    const list = models.data()?.models ?? [];
    const { provider, model } = chosen();
    return (
      list.find((one) => one.id === model && one.provider === provider) ?? list.find((one) => one.default) ?? list[0]
    );
  });
  const tier = createMemo(() => {
    const list = tiers.data()?.tiers.filter(({ available }) => available) ?? [];
    return (
      (list.find(({ tier }) => tier === chosen().tier) ?? list.find((one) => one.default) ?? list[0])?.tier ?? null
    );
  });
  const settings = createMemo((): Settings => {
    const now = chosen();
    const used = model();
    return { ...now, tier: tier() ?? now.tier, provider: used?.provider ?? now.provider, model: used?.id ?? now.model };
  });

  /** Asks at the end of the shown conversation; a new chat gets its address from its first ask. */
  async function ask(prompt: string): Promise<void> {
    const here = session();
    const isNew = here.chatId() === null;
    settle(here, isNew, await here.ask(prompt, toAsk(settings())));
  }
  async function resend(): Promise<void> {
    const here = session();
    const isNew = here.chatId() === null;
    settle(here, isNew, await here.resend());
  }
  function settle(here: ReturnType<typeof newSession>, isNew: boolean, id: string | null) {
    if (id === null) return;
    // A kept answer may be whole before its ask is answered.
    chats.touch(id, { running: here.activeRun() !== undefined || here.pending() !== null, updatedAt: Date.now() });
    if (!isNew) return;
    adoptSettings(id);
    chats.add(id);
    if (session() === here) navigate(`/c/${id}`);
    else here.dispose();
  }

  // The list follows the chat that is open.
  createEffect(() => {
    const { chatId, title, activeRun, loaded } = session();
    const id = chatId();
    if (id === null || !loaded()) return chats.setOpen(null);
    const running = activeRun() !== undefined;
    chats.setOpen({ id, running });
    const name = title();
    untrack(() => chats.touch(id, { running, ...(name !== null && { title: name }) }));
  });
  /** The name of a view beside the chat, while one is open. */
  const [heading, setHeading] = createSignal<string | null>(null);
  createEffect(() => {
    const { chatId, title } = session();
    const name = heading() ?? (chatId() === null ? null : title() || t("nav.untitled"));
    document.title = name === null ? t("app.name") : `${name} · ${t("app.name")}`;
  });

  return {
    session,
    chats,
    tiers,
    /** What the deployment says of one tier; `undefined` until it has said something. */
    tierOf: (name: Tier) => tiers.data()?.tiers.find(({ tier }) => tier === name),
    models,
    model,
    settings,
    /** The run of the last answer that is shown. */
    lastRun,
    change: (change: Partial<Settings>) => setSettings(session().chatId(), change),
    ask,
    resend,
    edit: (messageId: string, prompt: string) => session().edit(messageId, prompt, toAsk(settings())),
    /** Answers again; with another model where one is given. Whoever wants another answer does not want the kept one. */
    regenerate(userMessageId: string, other?: Pick<Model, "provider" | "id">) {
      const now = settings();
      const cache = now.cache === "default" ? "no-cache" : now.cache;
      const asked = { ...now, cache, ...(other && { provider: other.provider, model: other.id }) };
      return session().regenerate(userMessageId, toAsk(asked));
    },
    /** Asks once more for an answer that failed. */
    retry: (userMessageId: string) => session().regenerate(userMessageId, toAsk(settings())),
    newChat: () => navigate("/"),
    remove(chat: { id: string; title: string }) {
      chats.remove(chat);
      if (session().chatId() === chat.id) navigate("/");
    },
    setHeading,
    drawer,
    setDrawer,
    dialog,
    setDialog,
    panel,
    setPanel(open: boolean) {
      setPanelSignal(open);
      if (wide()) remember("panel", open ? "open" : null);
    },
  };
}

export type App = ReturnType<typeof makeApp>;
const AppContext = createContext<App>();

export function AppProvider(props: ParentProps): JSX.Element {
  return <AppContext.Provider value={makeApp()}>{props.children}</AppContext.Provider>;
}

export function useApp(): App {
  const app = useContext(AppContext);
  if (!app) throw new Error("useApp is called outside AppProvider");
  return app;
}
