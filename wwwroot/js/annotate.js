// Keys, and answers that stay on the page until the server has them. Without this script the form works all the same.
const form = () => document.querySelector('form[data-card]');
const boxes = () => [...document.querySelectorAll('[data-digit]')];
let sending = false;

// "None" is exclusive.
function onlyNoneOrLabels(changed) {
  if (!changed.checked) return;
  const none = changed.name === 'none';
  boxes().forEach(b => { if (b !== changed && (none || b.name === 'none')) b.checked = false; });
}

function refresh() {
  const submit = document.querySelector('[data-submit]');
  if (submit) submit.disabled = sending || !boxes().some(b => b.checked);
}

function say(text) {
  const main = document.querySelector('main');
  let line = main.querySelector('.error');
  if (!line) {
    line = document.createElement('p');
    line.className = 'error';
    line.setAttribute('role', 'alert');
    main.prepend(line);
  }
  line.textContent = text;
  line.scrollIntoView({ block: 'center' });
}

async function send(target, action) {
  if (sending) return;
  sending = true;
  refresh();
  const body = new URLSearchParams(new FormData(target));
  body.set('action', action);
  try {
    const answer = await fetch(location.href, { method: 'POST', body, headers: { Accept: 'text/html' } });
    const page = new DOMParser().parseFromString(await answer.text(), 'text/html');
    // The server's own words where it refused; the choice stays as it is.
    if (!answer.ok && answer.status !== 404) return say(page.querySelector('.error')?.textContent ?? `The server answered ${answer.status}; send it again.`);
    document.body.replaceChildren(...page.body.childNodes);
    document.title = page.title;
    scrollTo(0, 0);
    document.querySelector('h1')?.focus({ preventScroll: true });
  } catch {
    say('Not saved: the server cannot be reached. Your choice is still here; send it again when you are connected.');
  } finally {
    sending = false;
    refresh();
  }
}

document.addEventListener('submit', e => {
  e.preventDefault();
  send(e.target, e.submitter?.value ?? 'answer');
});
document.addEventListener('change', e => { if (e.target.matches('[data-digit]')) { onlyNoneOrLabels(e.target); refresh(); } });
// To nothing chosen, whatever an answer that was taken back held.
document.addEventListener('reset', e => { e.preventDefault(); boxes().forEach(b => { b.checked = false; }); refresh(); });

document.addEventListener('keydown', e => {
  if (e.ctrlKey || e.altKey || e.metaKey || e.isComposing) return;
  const box = document.querySelector(`[data-digit="${CSS.escape(e.key)}"]`);
  if (box) {
    box.checked = !box.checked;
    onlyNoneOrLabels(box);
    refresh();
  } else if (e.key === 'Enter' && !e.target.closest('summary, button')) {
    if (boxes().some(b => b.checked)) send(form(), 'answer');
  } else if (e.key === 'Backspace') form()?.reset();
  else if (e.key === 'u') document.querySelector('[data-undo]:not(:disabled)')?.click();
  else if (e.key === 'r') document.querySelectorAll('[data-reveal]').forEach(d => { d.open = !d.open; });
  else return;
  e.preventDefault();
});

refresh();
