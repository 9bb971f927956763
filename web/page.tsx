// The page's frame: routes, server state, and the shell all views stand in.
import { Route, Router } from "@solidjs/router";
import { QueryClient, QueryClientProvider } from "@tanstack/solid-query";
import { ApiError } from "./api/client.ts";
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

export function Page() {
  return (
    <QueryClientProvider client={client}>
      <Router
        root={(props) => (
          <AppProvider>
            <Shell>{props.children}</Shell>
          </AppProvider>
        )}
      >
        <Route path={["/", "/c/:chatId"]} component={ChatView} />
        <Route path="*" component={NotFound} />
      </Router>
    </QueryClientProvider>
  );
}
