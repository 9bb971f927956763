// The page's frame: routes, and the shell all views stand in.
import { Route, Router } from "@solidjs/router";
import { ErrorBoundary } from "solid-js";
import { ProblemNote } from "./components/problem.tsx";
import { t } from "./i18n/locale.ts";
import { AppProvider } from "./state/app.tsx";
import { ChatView } from "./views/chat/chat-view.tsx";
import { NotFound } from "./views/not-found.tsx";
import { Shell } from "./views/shell.tsx";
import { withWords } from "./views/with-words.ts";

const StatsView = withWords(() => import("./views/stats/stats-view.tsx"));
const WorkflowsView = withWords(() => import("./views/workflows/workflows-view.tsx"));
const CompareView = withWords(() => import("./views/compare/compare-view.tsx"));
const HealthView = withWords(() => import("./views/health/health-view.tsx"));
const SharedView = withWords(() => import("./views/shared/shared-view.tsx"));
const AccessView = withWords(() => import("./views/access/access-view.tsx"));
const StatesView = withWords(() => import("./views/states/states-view.tsx"));

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
      <Route path="/stats" component={StatsView} />
      <Route path="/workflows/:runId?" component={WorkflowsView} />
      <Route path="/compare" component={CompareView} />
      <Route path="/status" component={HealthView} />
      <Route path="/shared/:token" component={SharedView} />
      <Route path="/access" component={AccessView} />
      <Route path="/states" component={StatesView} />
      <Route path="*" component={NotFound} />
    </Router>
  );
}
