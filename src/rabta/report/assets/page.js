// The controls: layers, search, pointer and keys, the table, the theme; then the readiness flag.
document.querySelector('.explorer').hidden = false;

const chooser = document.getElementById('layer');
D.layers.forEach((item, index) => chooser.append(make('option', { value: index }, item.title)));
chooser.addEventListener('change', () => choose(D.layers[Number(chooser.value)]));

const field = document.getElementById('search');
const found = document.getElementById('found');
const plain = (word) => word.normalize('NFD').replace(/[\u0300-\u036f]/g, '').toLowerCase();
const index = [
  ...D.districts.map((d, i) => ({ name: d.name, note: 'district, ' + d.province, weight: 2e9, go: () => showDistrict(i) })),
  ...D.places.map((p) => ({ name: p[0], note: D.districts[districtCode[p[1]]].name + ', ' + number(p[2]) + ' people', weight: p[2], go: () => showPlace(p) })),
].map((item) => ({ ...item, plain: plain(item.name) }));
let hits = [];
let active = -1;

function search() {
  const wanted = plain(field.value.trim());
  hits = !wanted ? [] : index
    .map((item) => ({ item, place: item.plain.indexOf(wanted) }))
    .filter((h) => h.place >= 0)
    .sort((a, b) => (a.place > 0) - (b.place > 0) || b.item.weight - a.item.weight)
    .slice(0, 9).map((h) => h.item);
  active = hits.length ? 0 : -1;
  found.replaceChildren(...(wanted && !hits.length ? [make('li', { class: 'hint' }, 'No district or town of that name')] : []),
    ...hits.map((hit, i) => {
      const option = make('li', { role: 'option', id: 'hit' + i, 'aria-selected': i === active }, hit.name, make('small', {}, hit.note));
      option.addEventListener('pointerdown', (event) => { event.preventDefault(); take(i); });
      return option;
    }));
  open(Boolean(wanted));
}

function open(shown) {
  found.hidden = !shown;
  field.setAttribute('aria-expanded', shown);
  if (shown && active >= 0) field.setAttribute('aria-activedescendant', 'hit' + active);
  else field.removeAttribute('aria-activedescendant');
}

function take(i) {
  if (!hits[i]) return;
  field.value = hits[i].name;
  open(false);
  hits[i].go();
}

field.addEventListener('input', search);
field.addEventListener('focus', () => field.value && search());
field.addEventListener('blur', () => open(false));
field.addEventListener('keydown', (event) => {
  if (event.key === 'ArrowDown' || event.key === 'ArrowUp') {
    event.preventDefault();
    active = hits.length ? (active + (event.key === 'ArrowDown' ? 1 : hits.length - 1)) % hits.length : -1;
    [...found.children].forEach((li, i) => li.setAttribute('aria-selected', i === active));
    open(hits.length > 0);
  } else if (event.key === 'Enter') { event.preventDefault(); take(active); }
  else if (event.key === 'Escape') open(false);
});

const tip = document.getElementById('tip');
const pointers = new Map();
let moved = 0;
const local = (event) => { const box = canvas.getBoundingClientRect(); return [event.clientX - box.left, event.clientY - box.top]; };

canvas.addEventListener('pointerdown', (event) => {
  pointers.set(event.pointerId, local(event));
  moved = 0;
  if (event.pointerType === 'mouse') canvas.setPointerCapture(event.pointerId);
});
canvas.addEventListener('pointermove', (event) => {
  const now = local(event);
  const before = pointers.get(event.pointerId);
  if (!before) return hover(now);
  if (pointers.size === 2) {
    const other = [...pointers].find(([id]) => id !== event.pointerId)[1];
    const gap = (p) => Math.hypot(p[0] - other[0], p[1] - other[1]);
    zoom(gap(now) / Math.max(gap(before), 1), (now[0] + other[0]) / 2, (now[1] + other[1]) / 2);
    moved = 99;
  } else if (view.k > view.fit * 1.01) {
    view.x += now[0] - before[0];
    view.y += now[1] - before[1];
    moved += Math.abs(now[0] - before[0]) + Math.abs(now[1] - before[1]);
    draw();
  }
  pointers.set(event.pointerId, now);
  tip.hidden = true;
  return undefined;
});
for (const kind of ['pointerup', 'pointercancel']) {
  canvas.addEventListener(kind, (event) => {
    const at = local(event);
    pointers.delete(event.pointerId);
    if (kind === 'pointerup' && moved < 6) {
      const cell = cellAt(...at);
      if (cell >= 0) showCell(cell);
    }
  });
}
canvas.addEventListener('pointerleave', () => { tip.hidden = true; });
canvas.addEventListener('dblclick', (event) => zoom(2, ...local(event)));
canvas.addEventListener('wheel', (event) => {
  if (!(event.ctrlKey || event.metaKey || document.activeElement === canvas)) return;
  event.preventDefault();
  zoom(Math.exp(-event.deltaY * 0.0022), ...local(event));
}, { passive: false });

function hover([x, y]) {
  const cell = cellAt(x, y);
  tip.hidden = cell < 0;
  if (cell < 0) return;
  const d = D.districts[districtCode[cell]];
  tip.replaceChildren(make('b', {}, valueWords(cell)), make('br'), D.cells.tehsils[column('tehsil')[cell]] + ', ' + d.name);
  const wide = tip.offsetWidth;
  tip.style.left = Math.min(x + 14, size.w - wide - 6) + 'px';
  tip.style.top = Math.max(4, y - 44) + 'px';
}

const ARROWS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
canvas.addEventListener('keydown', (event) => {
  const arrow = ARROWS[event.key];
  if (arrow) {
    event.preventDefault();
    const next = selected < 0 ? cellAt(size.w / 2, size.h / 2) : neighbour(selected, ...arrow);
    if (next >= 0) {
      showCell(next);
      const x = centre[2 * next] * view.k + view.x, y = centre[2 * next + 1] * view.k + view.y;
      if (x < 20 || y < 20 || x > size.w - 20 || y > size.h - 20) goTo(centre[2 * next], centre[2 * next + 1], view.k);
    }
  } else if (event.key === '+' || event.key === '=') zoom(1.6, size.w / 2, size.h / 2);
  else if (event.key === '-') zoom(1 / 1.6, size.w / 2, size.h / 2);
  else if (event.key === '0' || event.key === 'Escape') all();
});
document.getElementById('zoomin').addEventListener('click', () => zoom(1.8, size.w / 2, size.h / 2));
document.getElementById('zoomout').addEventListener('click', () => zoom(1 / 1.8, size.w / 2, size.h / 2));
document.getElementById('zoomall').addEventListener('click', all);

const table = document.getElementById('table');
const body = table.tBodies[0];
const heads = [...table.tHead.rows[0].cells];
heads.forEach((head, i) => {
  const button = make('button', { type: 'button' });
  button.append(...head.childNodes);
  head.append(button);
  head.addEventListener('click', () => sort(head, i));
});

function sort(head, i) {
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

document.getElementById('filter').addEventListener('input', (event) => {
  const wanted = plain(event.target.value.trim());
  let shown = 0;
  for (const row of body.rows) {
    row.hidden = !plain(row.cells[0].textContent + ' ' + row.cells[1].textContent).includes(wanted);
    if (!row.hidden) shown++;
  }
  document.getElementById('filtered').textContent = wanted ? shown + ' of ' + body.rows.length : '';
});
body.addEventListener('dblclick', (event) => {
  const row = event.target.closest('tr');
  const i = D.districts.findIndex((d) => d.name === row.cells[0].textContent && d.province === row.cells[1].textContent);
  if (i >= 0) { showDistrict(i); document.getElementById('map').scrollIntoView(); }
});

const toggle = document.getElementById('theme');
const darkNow = () => (document.documentElement.dataset.theme || (matchMedia('(prefers-color-scheme: dark)').matches ? 'dark' : 'light')) === 'dark';
const name = () => { toggle.textContent = darkNow() ? 'Light' : 'Dark'; };
toggle.hidden = false;
toggle.addEventListener('click', () => { document.documentElement.dataset.theme = darkNow() ? 'light' : 'dark'; recolour(); });
matchMedia('(prefers-color-scheme: dark)').addEventListener('change', recolour);
function recolour() { name(); hatching = null; draw(); }
name();

const still = document.querySelector('details.paper');
addEventListener('beforeprint', () => { still.dataset.was = still.open; still.open = true; });
addEventListener('afterprint', () => { still.open = still.dataset.was === 'true'; });
addEventListener('resize', () => { if (canvas.parentElement.clientWidth !== size.w) resize(); });

chooser.value = String(Math.max(0, D.layers.findIndex((item) => item.key === 'technology')));
choose(D.layers[Number(chooser.value)]);
resize();
const most = D.districts.reduce((best, d, i) => (d.unserved_today > D.districts[best].unserved_today ? i : best), 0);
if (D.districts.length) showDistrict(most, false);
function ready() {
  document.documentElement.dataset.ready = 'true';
  window.rabtaReady = true;
}
requestAnimationFrame(() => requestAnimationFrame(ready));
setTimeout(ready, 1000); // a hidden page gets no frames
