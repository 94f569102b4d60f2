// The controls: pointer and keys on both maps, the tables, the charts, the theme; then the readiness flag.
document.querySelector('.explorer').hidden = false;

const readout = document.getElementById('readout');
const values = (i) => panes.filter((pane) => pane.shown).map((pane) => pane.layer.title + ': ' + valueWords(pane.layer, i));
function read(i) {
  readout.textContent = whereWords(i) + ' — ' + values(i).join(' · ');
}

const pointers = new Map();
let travelled = 0;

function hover(cell, at_) {
  if (cell !== pointed) { pointed = cell; draw(); }
  for (const pane of panes) {
    pane.tip.hidden = cell < 0;
    if (cell < 0) continue;
    pane.tip.replaceChildren(make('b', {}, valueWords(pane.layer, cell)), make('br'), whereWords(cell));
    pane.tip.style.left = Math.max(4, Math.min(at_[0] + 14, size.w - pane.tip.offsetWidth - 6)) + 'px';
    pane.tip.style.top = Math.max(4, at_[1] - 48) + 'px';
  }
}

const ARROWS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };

function keys(event) {
  const arrow = ARROWS[event.key];
  if (arrow) {
    event.preventDefault();
    const here = pointed >= 0 ? pointed : selected;
    const next = here < 0 ? near((size.w / 2 - view.x) / view.k, (size.h / 2 - view.y) / view.k, reach * 40) : neighbour(here, ...arrow);
    if (next < 0) return;
    const spot = () => [cx[next] * view.k + view.x, cy[next] * view.k + view.y];
    const [x, y] = spot();
    if (x < 20 || y < 20 || x > size.w - 20 || y > size.h - 20) goTo(cx[next], cy[next], view.k);
    hover(next, spot());
    read(next);
  } else if (event.key === 'Enter' && pointed >= 0) { staying = true; visit(h3Of(pointed)); }
  else if (event.key === '+' || event.key === '=') zoom(1.6, size.w / 2, size.h / 2);
  else if (event.key === '-') zoom(1 / 1.6, size.w / 2, size.h / 2);
  else if (event.key === '0' || event.key === 'Escape') all();
}

function listen(pane) {
  const canvas = pane.canvas;
  const local = (event) => { const box = canvas.getBoundingClientRect(); return [event.clientX - box.left, event.clientY - box.top]; };
  canvas.addEventListener('pointerdown', (event) => {
    pointers.set(event.pointerId, local(event));
    travelled = 0;
    if (event.pointerType === 'mouse') canvas.setPointerCapture(event.pointerId);
  });
  canvas.addEventListener('pointermove', (event) => {
    const now = local(event);
    const before = pointers.get(event.pointerId);
    if (!before) return hover(cellAt(...now), now);
    if (pointers.size === 2) {
      const other = [...pointers].find(([id]) => id !== event.pointerId)[1];
      const gap = (p) => Math.hypot(p[0] - other[0], p[1] - other[1]);
      zoom(gap(now) / Math.max(gap(before), 1), (now[0] + other[0]) / 2, (now[1] + other[1]) / 2);
      travelled = 99;
    } else if (view.k > view.fit * 1.01) {
      view.x += now[0] - before[0];
      view.y += now[1] - before[1];
      travelled += Math.abs(now[0] - before[0]) + Math.abs(now[1] - before[1]);
      draw();
    }
    pointers.set(event.pointerId, now);
    return undefined;
  });
  for (const kind of ['pointerup', 'pointercancel']) {
    canvas.addEventListener(kind, (event) => {
      const now = local(event);
      pointers.delete(event.pointerId);
      const cell = kind === 'pointerup' && travelled < 6 ? cellAt(...now) : -1;
      if (cell >= 0) { staying = true; visit(h3Of(cell)); }
    });
  }
  canvas.addEventListener('pointerleave', () => hover(-1));
  canvas.addEventListener('dblclick', (event) => zoom(2, ...local(event)));
  canvas.addEventListener('wheel', (event) => {
    if (!(event.ctrlKey || event.metaKey || document.activeElement === canvas)) return;
    event.preventDefault();
    zoom(Math.exp(-event.deltaY * 0.0022), ...local(event));
  }, { passive: false });
  canvas.addEventListener('keydown', keys);
  canvas.addEventListener('blur', () => hover(-1));
  pane.box.querySelector('.zoomin').addEventListener('click', () => zoom(1.8, size.w / 2, size.h / 2));
  pane.box.querySelector('.zoomout').addEventListener('click', () => zoom(1 / 1.8, size.w / 2, size.h / 2));
  pane.box.querySelector('.zoomall').addEventListener('click', all);
}
panes.forEach(listen);

const second = document.getElementById('second');
function sideBySide() {
  panes[1].box.hidden = !second.checked;
  document.querySelector('.panes').classList.toggle('one', !second.checked);
  panes[1].choose(panes[1].layer);
  resize();
}

for (const table of document.querySelectorAll('table.sortable')) sortable(table);

function sortable(table) {
  const body = table.tBodies[0];
  const heads = [...table.tHead.rows[0].cells];
  heads.forEach((head, i) => {
    const button = make('button', { type: 'button' });
    const words = head.querySelector('span') || head.firstChild;
    head.insertBefore(button, words);
    button.append(words);
    button.addEventListener('click', () => sort(body, heads, head, i));
  });
}

function sort(body, heads, head, i) {
  const down = head.getAttribute('aria-sort') !== 'descending';
  heads.forEach((other) => other.removeAttribute('aria-sort'));
  head.setAttribute('aria-sort', down ? 'descending' : 'ascending');
  const value = (row) => { const cell = row.cells[i]; return cell.dataset.v === undefined ? cell.textContent : Number(cell.dataset.v); };
  const compare = (a, b) => {
    if (typeof a === 'string') return a.localeCompare(b);
    if (isNaN(a) || isNaN(b)) return isNaN(a) - isNaN(b);
    return a - b;
  };
  const order = [...body.rows].sort((a, b) => {
    const x = value(a), y = value(b);
    if (typeof x === 'number' && (isNaN(x) || isNaN(y))) return compare(x, y);
    return down ? compare(y, x) : compare(x, y);
  });
  body.append(...order);
}

const districts = document.getElementById('districts-table').tBodies[0];
document.getElementById('filter').addEventListener('input', (event) => {
  const wanted = plain(event.target.value.trim());
  let shown = 0;
  for (const row of districts.rows) {
    row.hidden = !plain(row.cells[0].textContent + ' ' + row.cells[1].textContent).includes(wanted);
    if (!row.hidden) shown++;
  }
  document.getElementById('filtered').textContent = wanted ? shown + ' of ' + districts.rows.length : '';
});
for (const row of districts.rows) {
  const i = D.districts.findIndex((d) => d.name === row.cells[0].textContent && d.province === row.cells[1].textContent);
  if (i >= 0) row.cells[0].replaceChildren(make('a', { href: '#place=' + districtAddress(i) }, D.districts[i].name));
}

// Readout of the charts: values of the lines at the pointer.
for (const chart of document.querySelectorAll('svg.chart[data-x]')) {
  const said = make('p', { class: 'note chartread', 'aria-hidden': 'true' }, '\u00a0');
  chart.after(said);
  const lines = [...chart.querySelectorAll('path.line')].map((path) => [path.querySelector('title').textContent, path.dataset.v.split(' ').map(Number)]);
  const [low, high, left, right] = chart.dataset.x.split(' ').map(Number);
  chart.addEventListener('pointermove', (event) => {
    const box = chart.getBoundingClientRect();
    const part = ((event.clientX - box.left) / box.width * chart.viewBox.baseVal.width - left) / (right - left);
    if (part < 0 || part > 1) return;
    said.textContent = lines.map(([name, v]) => name + ' ' + number(v[Math.round(part * (v.length - 1))])).join(' · ');
  });
  chart.addEventListener('pointerleave', () => { said.textContent = '\u00a0'; });
}

const toggle = document.getElementById('theme');
const darkNow = () => (document.documentElement.dataset.theme || (matchMedia('(prefers-color-scheme: dark)').matches ? 'dark' : 'light')) === 'dark';
const themeName = () => { toggle.textContent = darkNow() ? 'Light' : 'Dark'; };
toggle.hidden = false;
toggle.addEventListener('click', () => { document.documentElement.dataset.theme = darkNow() ? 'light' : 'dark'; recolour(); });
matchMedia('(prefers-color-scheme: dark)').addEventListener('change', recolour);
function recolour() { themeName(); hatching = null; draw(); }
themeName();


const folded = [...document.querySelectorAll('details.paper')];
addEventListener('beforeprint', () => folded.forEach((item) => { item.dataset.was = item.open; item.open = true; }));
addEventListener('afterprint', () => folded.forEach((item) => { item.open = item.dataset.was === 'true'; }));
addEventListener('resize', () => { if (panes[0].canvas.parentElement.clientWidth !== size.w) resize(); });

placeOnMaps();
if (matchMedia('(max-width: 720px)').matches) second.checked = false;
panes[1].box.hidden = !second.checked;
document.querySelector('.panes').classList.toggle('one', !second.checked);
panes[0].start(D.layers.some((item) => item.key === 'unserved_share') ? 'unserved_share' : 'unserved');
panes[1].start('technology');
second.addEventListener('change', sideBySide);
resize();
const most = D.districts.reduce((best, d, i) => (d.unserved_today > D.districts[best].unserved_today ? i : best), 0);
if (!arrive()) { if (D.districts.length) { showArea(most, -1); all(); } }
else {
  panel.classList.add('asked');
  document.getElementById('place').scrollIntoView({ block: 'nearest' });
}
function ready() {
  document.documentElement.dataset.ready = 'true';
  document.documentElement.dataset.opened = String(Math.round(performance.now()));
  window.rabtaReady = true;
}
let told = false;
const once = () => { if (!told) { told = true; ready(); } };
requestAnimationFrame(() => requestAnimationFrame(once));
setTimeout(once, 1000); // a hidden page gets no frames
