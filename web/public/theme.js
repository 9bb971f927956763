// Runs before the first paint: the remembered theme and language, so neither flashes.
try {
  const theme = localStorage.getItem("keepstream.theme");
  if (theme === "light" || theme === "dark") document.documentElement.dataset.theme = theme;
  const locale = localStorage.getItem("keepstream.locale");
  if (locale) document.documentElement.lang = locale;
} catch {
  // Storage is refused in some private modes: the system's choice then stands.
}
