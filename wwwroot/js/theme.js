// Runs before the first paint: the page must not flash in the wrong colours.
(() => {
  let choice = 'system';
  try { choice = localStorage.getItem('theme') ?? 'system'; } catch { /* storage is off: follow the system */ }
  const dark = choice === 'dark' || (choice !== 'light' && matchMedia('(prefers-color-scheme: dark)').matches);
  document.documentElement.dataset.theme = dark ? 'dark' : 'light';
})();
