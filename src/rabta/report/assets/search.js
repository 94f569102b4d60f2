// Finding a place: towns, districts, tehsils, H3 cells and coordinates; positions of the projection.
const field = document.getElementById('search');
const found = document.getElementById('found');
const plain = (word) => word.normalize('NFD').replace(/[\u0300-\u036f]/g, '').toLowerCase();
const districtAddress = (i) => 'district/' + encodeURIComponent(D.districts[i].province) + '/' + encodeURIComponent(D.districts[i].name);
const tehsilAddress = (t) => 'tehsil/' + encodeURIComponent(D.districts[D.cells.tehsils[t][1]].name) + '/' + encodeURIComponent(D.cells.tehsils[t][0]);
const index = [
  ...D.districts.map((d, i) => ({ name: d.name, note: 'district, ' + d.province, weight: 2e9, to: districtAddress(i) })),
  ...D.cells.tehsils.map(([name, d], t) => ({ name, note: 'tehsil, ' + D.districts[d].name, weight: 1e9, to: tehsilAddress(t) })),
  ...D.places.map((p) => ({ name: p[0], note: D.districts[districtCode[p[1]]].name + ', ' + number(p[2]) + ' people', weight: p[2], to: h3Of(p[1]) + '/' + encodeURIComponent(p[0]) })),
].map((item) => ({ ...item, plain: plain(item.name) }));

// H3 index of a cell: 0x08, resolution, base cell and digits, then ones (H3 documentation, bit layout).
function h3Of(i) {
  const unused = BigInt(3 * (15 - D.cells.level));
  const key = BigInt(column('key')[i]);
  const bits = (1n << 59n) | (BigInt(D.cells.level) << 52n) | (key << unused) | ((1n << unused) - 1n);
  return bits.toString(16);
}

const rowOfKey = new Map();
column('key').forEach((key, i) => rowOfKey.set(key, i));

// Row of an H3 index; of the cell around it where it is finer than the map, of its middle where it is coarser.
function rowOfH3(word) {
  if (!/^8[0-9a-f]{14}$/i.test(word)) return -1;
  const bits = BigInt('0x' + word);
  const level = Number((bits >> 52n) & 15n);
  let cell = bits & ((1n << 52n) - 1n);
  for (let digit = level + 1; digit <= D.cells.level; digit++) cell &= ~(7n << BigInt(3 * (15 - digit)));
  const row = rowOfKey.get(Number(cell >> BigInt(3 * (15 - D.cells.level))));
  return row === undefined ? -1 : row;
}

// Lambert conformal conic on the sphere: Snyder, USGS Professional Paper 1395, equations 15-1 to 15-5.
const cone = (() => {
  const [p1, p2, p0, lon0] = D.mesh.projection.map((v) => v * Math.PI / 180);
  const [t1, t2, t0] = [p1, p2, p0].map((p) => Math.tan(Math.PI / 4 + p / 2));
  const n = Math.abs(p1 - p2) < 1e-8 ? Math.sin(p1) : Math.log(Math.cos(p1) / Math.cos(p2)) / Math.log(t2 / t1);
  const scale = D.mesh.radius_m * Math.cos(p1) * t1 ** n / n;
  return { n, scale, rho0: scale / t0 ** n, lon0 };
})();

function spotOf(lat, lon) {
  const rho = cone.scale / Math.tan(Math.PI / 4 + lat * Math.PI / 360) ** cone.n;
  const theta = cone.n * (lon * Math.PI / 180 - cone.lon0);
  const [x, y] = [rho * Math.sin(theta), cone.rho0 - rho * Math.cos(theta)];
  return [(x - D.mesh.origin[0]) / D.mesh.unit_m, (D.mesh.origin[1] - y) / D.mesh.unit_m];
}

function coordinates(i) {
  const x = cx[i] * D.mesh.unit_m + D.mesh.origin[0], y = D.mesh.origin[1] - cy[i] * D.mesh.unit_m;
  const rho = Math.sign(cone.n) * Math.hypot(x, cone.rho0 - y);
  const theta = Math.atan2(Math.sign(cone.n) * x, Math.sign(cone.n) * (cone.rho0 - y));
  const lat = 2 * Math.atan((cone.scale / rho) ** (1 / cone.n)) - Math.PI / 2;
  return [lat * 180 / Math.PI, (theta / cone.n + cone.lon0) * 180 / Math.PI];
}

// Cell of "25.12, 62.33", also "25.12 N 62.33 E"; -1 where the words are no coordinates or lie outside.
function rowOfCoordinates(words) {
  const match = words.trim().match(/^(-?\d+(?:\.\d+)?)\s*°?\s*([NS]?)\s*[, ]\s*(-?\d+(?:\.\d+)?)\s*°?\s*([EW]?)$/i);
  if (!match) return -1;
  const lat = Number(match[1]) * (/s/i.test(match[2]) ? -1 : 1), lon = Number(match[3]) * (/w/i.test(match[4]) ? -1 : 1);
  if (Math.abs(lat) > 89 || Math.abs(lon) > 180) return -1;
  return near(...spotOf(lat, lon), reach);
}

let hits = [];
let active = -1;

function matches(words) {
  const cell = Math.max(rowOfH3(words.trim()), rowOfCoordinates(words));
  if (cell >= 0) return [{ name: words.trim(), note: 'cell ' + h3Of(cell), to: h3Of(cell) }];
  const wanted = plain(words.trim());
  return !wanted ? [] : index
    .map((item) => ({ item, place: item.plain.indexOf(wanted) }))
    .filter((h) => h.place >= 0)
    .sort((a, b) => (a.place > 0) - (b.place > 0) || (b.item.plain === wanted) - (a.item.plain === wanted) || b.item.weight - a.item.weight)
    .slice(0, 9).map((h) => h.item);
}

function search() {
  const words = field.value.trim();
  hits = matches(words);
  active = hits.length ? 0 : -1;
  found.replaceChildren(...(words && !hits.length ? [make('li', { class: 'hint' }, 'No such place in this nation')] : []),
    ...hits.map((hit, i) => {
      const option = make('li', { role: 'option', id: 'hit' + i, 'aria-selected': i === active }, hit.name, make('small', {}, hit.note));
      option.addEventListener('pointerdown', (event) => { event.preventDefault(); take(i); });
      return option;
    }));
  open(Boolean(words));
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
  visit(hits[i].to);
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

// The address of a place is the fragment, so that a place can be kept, sent and printed.
function visit(address) {
  if (location.hash === '#place=' + address) arrive();
  else location.hash = 'place=' + address;
}

function arrive() {
  const match = location.hash.match(/^#place=(.+)$/);
  if (!match) return false;
  let parts = [];
  try { parts = match[1].split('/').map(decodeURIComponent); } catch (error) { return false; }
  if (parts[0] === 'district') {
    const i = D.districts.findIndex((d) => d.province === parts[1] && d.name === parts[2]);
    if (i >= 0) showArea(i, -1);
    return i >= 0;
  }
  if (parts[0] === 'tehsil') {
    const t = D.cells.tehsils.findIndex(([name, d]) => name === parts[2] && D.districts[d].name === parts[1]);
    if (t >= 0) showArea(D.cells.tehsils[t][1], t);
    return t >= 0;
  }
  const row = Math.max(rowOfH3(parts[0]), rowOfCoordinates(parts[0]));
  if (row >= 0) showCell(row, parts[1]);
  return row >= 0;
}
let staying = false; // who touched a map looks at it: the page does not move away
addEventListener('hashchange', () => {
  const arrived = arrive();
  panel.classList.toggle('asked', arrived);
  if (arrived && !staying) document.getElementById('place').scrollIntoView({ block: 'nearest' });
  staying = false;
});
