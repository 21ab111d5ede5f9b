// The audience's page: listens and shows; it sends nothing.
const $ = id => document.getElementById(id);
const status = $('status');
const digits = p => p === null || p === undefined ? '–' : p > 0 && p < 0.0005 ? p.toExponential(1).replace('-', '−') : p.toFixed(3);
// The ends of both drawings grow with what is read and never shrink, so that lines do not jump while a slider is dragged; as in Live/LayerScale.cs.
let decade = -3, reach = 0.1;
const points = (values, least, most) => values.map((v, l) => {
  const x = values.length > 1 ? 300 * l / (values.length - 1) : 0;
  const y = 100 * (1 - Math.min(1, Math.max(0, (v - least) / (most - least))));
  return `${x.toFixed(1)},${y.toFixed(1)}`;
}).join(' ');

function side(name, column) {
  const section = $(name);
  const value = section.querySelector('b');
  value.textContent = digits(column.probability);
  value.classList.toggle('missing', (column.probability ?? null) === null);
  section.querySelector('.verdict').textContent = column.verdict ?? (column.writing ? '…' : '');
  const text = section.querySelector('.text');
  text.textContent = column.text;
  if (column.covered > 0) {
    const cover = document.createElement('span');
    cover.className = 'covered';
    cover.textContent = ' the rest is covered: it may be harmful';
    text.append(cover);
  }
  $('lens').querySelector(`.${name}`).setAttribute('points', points((column.byLayer ?? []).map(Math.log10), decade, 0));
  $('cosine').querySelector(`.${name}`).setAttribute('points', points(column.cosine ?? [], -reach, reach));
}

function grow(columns) {
  for (const column of columns) {
    for (const p of column.byLayer ?? []) if (p > 0) decade = Math.max(-12, Math.min(decade, Math.floor(Math.log10(p))));
    for (const c of column.cosine ?? []) reach = Math.max(reach, Math.min(1, Math.ceil(Math.abs(c) / 0.05) * 0.05));
  }
  const most = `${+reach.toFixed(2)}`;
  $('least').textContent = `1e${decade}`;
  $('above').textContent = `+${most}`;
  $('below').textContent = `−${most}`;
}

function show(state) {
  $('message').textContent = state.messageCovered ? 'The message is covered: it may be harmful' : state.message ?? 'The demonstration is about to begin.';
  $('message').classList.toggle('covered', state.messageCovered);
  grow([state.baseline, state.steered]);
  side('baseline', state.baseline);
  side('steered', state.steered);
  $('sliders').replaceChildren(...state.sliders.map(s => {
    const row = document.createElement('li');
    row.classList.toggle('on', s.on);
    row.textContent = [s.feature, s.units, s.raw].join("  ").trim();
    return row;
  }));
}

if ($('message')) {
  const events = new EventSource(`${location.pathname.replace(/\/$/, '')}/events`);
  events.addEventListener('open', () => { status.textContent = 'Watching live'; });
  events.addEventListener('state', e => show(JSON.parse(e.data)));
  events.addEventListener('over', () => { status.textContent = 'The demonstration is over.'; events.close(); });
  events.addEventListener('error', () => { if (events.readyState !== EventSource.CLOSED) status.textContent = 'The connection was lost; trying again…'; });
}
