// The page's frame: routes, server state, and the shell all views stand in.
import { Route, Router } from "@solidjs/router";
import { QueryClient, QueryClientProvider } from "@tanstack/solid-query";
import { ErrorBoundary } from "solid-js";
import { ApiError } from "./api/client.ts";
import { ProblemNote } from "./components/problem.tsx";
import { t } from "./i18n/locale.ts";
import { AppProvider } from "./state/app.tsx";
import { ChatView } from "./views/chat/chat-view.tsx";
import { NotFound } from "./views/not-found.tsx";
import { Shell } from "./views/shell.tsx";

const client = new QueryClient({
  defaultOptions: {
    queries: {
      // What the server refused will be refused again; only a missing answer is worth another try.
      retry: (failures, error) => failures < 2 && (!(error instanceof ApiError) || error.status === 0),
      staleTime: 10_000,
    },
  },
});

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
    <QueryClientProvider client={client}>
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
    </QueryClientProvider>
  );
}
