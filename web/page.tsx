// The page's frame: routes, and the shell all views stand in.
import { Route, Router } from "@solidjs/router";
import { ErrorBoundary } from "solid-js";
import { ProblemNote } from "./components/problem.tsx";
import { t } from "./i18n/locale.ts";
import { AppProvider } from "./state/app.tsx";
import { ChatView } from "./views/chat/chat-view.tsx";
import { NotFound } from "./views/not-found.tsx";
import { Shell } from "./views/shell.tsx";

/** A bug of ours: nothing is lost by it, and a reload is the way out. */
function Broken() {
  return (
    <main class="nothing">
      <ProblemNote text={t("errors.unexpected")} retry={() => location.reload()} />
    </main>
  );
}

export function Page() {
  return (
    <Router
      root={(props) => (
        <ErrorBoundary fallback={<Broken />}>
          <AppProvider>
            <Shell>{props.children}</Shell>
          </AppProvider>
        </ErrorBoundary>
      )}
    >
      <Route path={["/", "/c/:chatId"]} component={ChatView} />
      <Route path="*" component={NotFound} />
    </Router>
  );
}
