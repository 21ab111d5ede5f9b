// What only the browser can do; called by Interop/BrowserInterop.cs.
window.refusalExplorer = (() => {
  const system = matchMedia('(prefers-color-scheme: dark)');
  let keys = new Map();
  let keyListener = null;

  const choice = () => { try { return localStorage.getItem('theme') ?? 'system'; } catch { return 'system'; } };
  const isDark = c => c === 'dark' || (c !== 'light' && system.matches);
  const show = dark => { document.documentElement.dataset.theme = dark ? 'dark' : 'light'; };

  const typing = target => target instanceof HTMLElement &&
    (target.isContentEditable || /^(INPUT|TEXTAREA|SELECT)$/.test(target.tagName)) &&
    !(target instanceof HTMLInputElement && /^(checkbox|radio|range|button)$/.test(target.type));

  const focus = id => { const e = document.getElementById(id); if (e) { e.focus(); e.scrollIntoView({ block: 'nearest' }); } };

  document.addEventListener('keydown', e => {
    if (!keyListener || e.ctrlKey || e.altKey || e.metaKey || e.isComposing || typing(e.target)) return;
    // A dialog has its own keys.
    if (document.querySelector('.mud-dialog, dialog[open]') || !keys.has(e.key)) return;
    // Enter presses the button or follows the link that has the focus, but for buttons that leave it to the page.
    if (e.key === 'Enter' && e.target instanceof Element && e.target.closest('button:not([data-enter="page"]), a[href], summary')) return;
    e.preventDefault();
    // Focus moves at once, so that what is typed next goes where it was meant to.
    const field = keys.get(e.key);
    if (field) focus(field);
    else keyListener.invokeMethodAsync('OnKey', e.key);
  });

  // Native menus (details.menu) close when one clicks elsewhere or presses Escape, as people expect of a menu.
  document.addEventListener('click', e => {
    document.querySelectorAll('details.menu[open]').forEach(d => { if (!d.contains(e.target) || e.target.closest('[data-close-menu]')) d.open = false; });
  });
  document.addEventListener('keydown', e => {
    if (e.key === 'Escape') document.querySelectorAll('details.menu[open]').forEach(d => { d.open = false; });
  });

  // A button with data-hold marks its element while it is held, by pointer or key: the page shows the other side meanwhile.
  const hold = on => e => {
    const button = e.target instanceof Element && e.target.closest('[data-hold]');
    if (on && !button) return;
    if (e instanceof KeyboardEvent && e.key !== ' ' && e.key !== 'Enter') return;
    if (on) { document.getElementById(button.dataset.hold)?.setAttribute('data-comparing', ''); }
    else { document.querySelectorAll('[data-comparing]').forEach(x => x.removeAttribute('data-comparing')); }
  };
  for (const [name, on] of [['pointerdown', true], ['keydown', true], ['pointerup', false], ['pointercancel', false], ['keyup', false]])
    document.addEventListener(name, hold(on));
  addEventListener('blur', hold(false));

  // Where the bar of pages is wider than the screen, its edge fades on the side on which more follows.
  const fadeNav = nav => {
    const left = nav.scrollLeft > 1, right = nav.scrollLeft + nav.clientWidth < nav.scrollWidth - 1;
    nav.dataset.more = left && right ? 'both' : left ? 'left' : right ? 'right' : 'none';
  };
  const bar = () => document.querySelector('.nav-bar');
  document.addEventListener('scroll', e => { if (e.target === bar()) fadeNav(e.target); }, { capture: true, passive: true });
  addEventListener('resize', () => { if (bar()) fadeNav(bar()); });

  return {
    showPageLink() {
      const nav = bar(), link = nav?.querySelector('[aria-current]');
      if (!nav) return;
      // The bar alone is moved: scrollIntoView would move the page too.
      if (link) {
        const box = link.getBoundingClientRect(), room = nav.getBoundingClientRect();
        nav.scrollLeft += box.left - room.left - (room.width - box.width) / 2;
      }
      fadeNav(nav);
    },
    fullScreen(id) { if (document.fullscreenElement) document.exitFullscreen(); else document.getElementById(id)?.requestFullscreen(); },
    tellResized() { dispatchEvent(new Event('resize')); },
    markInteractive() { document.documentElement.dataset.interactive = 'true'; },
    async copy(text) {
      try { await navigator.clipboard.writeText(text); return true; } catch { /* not a secure context */ }
      const area = document.createElement('textarea');
      area.value = text;
      area.className = 'visually-hidden';
      document.body.append(area);
      area.select();
      const done = document.execCommand('copy');
      area.remove();
      return done;
    },
    async download(name, type, stream) {
      const blob = new Blob([await stream.arrayBuffer()], { type });
      const link = document.createElement('a');
      link.href = URL.createObjectURL(blob);
      link.download = name;
      link.click();
      setTimeout(() => URL.revokeObjectURL(link.href), 10000);
    },
    replaceUrl(url) { history.replaceState(history.state, '', url); },
    focus,
    scrollToRow(id, row, height) {
      const list = document.getElementById(id);
      if (!list) return;
      const head = list.querySelector('thead')?.offsetHeight ?? 0, top = row * height, room = list.clientHeight - head - height;
      if (top < list.scrollTop) list.scrollTop = top;
      else if (top > list.scrollTop + room) list.scrollTop = top - room;
    },
    recall(key) { try { return localStorage.getItem(key); } catch { return null; } },
    remember(key, value) { try { localStorage.setItem(key, value); } catch { /* for this page only */ } },
    readTheme(listener) {
      system.addEventListener('change', e => {
        if (choice() !== 'system') return;
        show(e.matches);
        listener.invokeMethodAsync('OnSystemTheme', e.matches);
      });
      return { choice: choice(), isDark: isDark(choice()) };
    },
    storeTheme(c) {
      try { if (c === 'system') localStorage.removeItem('theme'); else localStorage.setItem('theme', c); } catch { /* kept for this page only */ }
      show(isDark(c));
      return isDark(c);
    },
    listenForKeys(listener) { keyListener = listener; },
    setKeys(list) { keys = new Map(list.map(k => [k.key, k.focusId])); },
  };
})();
