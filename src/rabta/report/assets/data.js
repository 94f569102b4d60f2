// The data of the run: one deflated stream of typed arrays, numbers in words.
const D = JSON.parse(document.getElementById('data').textContent);
const KINDS = { u1: Uint8Array, u2: Uint16Array, u4: Uint32Array, f4: Float32Array, i2: Int16Array };
const stream = await inflated(document.getElementById('columns').textContent);

async function inflated(text) {
  const raw = atob(text);
  const bytes = new Uint8Array(raw.length);
  for (let i = 0; i < raw.length; i++) bytes[i] = raw.charCodeAt(i);
  const out = new Blob([bytes]).stream().pipeThrough(new DecompressionStream('deflate'));
  return new Response(out).arrayBuffer();
}

const unpack = (packed) => new KINDS[packed.t](stream, packed.b, packed.n);

const columns = {};
function column(name) {
  const packed = D.cells[name];
  if (!packed) return null;
  if (!columns[name]) columns[name] = unpack(packed);
  return columns[name];
}

function number(value, digits) {
  if (value === null || value === undefined || !isFinite(value)) return '–';
  for (const [scale, word] of [[1e12, '\u00a0trillion'], [1e9, '\u00a0billion'], [1e6, '\u00a0million']]) {
    if (Math.abs(value) >= scale * 0.9995) return rounded(value / scale, digits || 3) + word;
  }
  return rounded(value, digits || 3);
}

function rounded(value, digits) {
  if (Math.abs(value) < 1e-6) return '0';
  return Number(value.toPrecision(digits)).toLocaleString('en-US', { maximumFractionDigits: 6 });
}

const count = (value) => Math.round(value).toLocaleString('en-US');

function percent(share) {
  if (share === null || !isFinite(share)) return '–';
  if (share > 0.99 && share < 1) return Math.floor(share * 1e4 + 1e-3) / 100 + '\u00a0%';
  return rounded(share * 100, share < 0.995 ? 2 : 3) + '\u00a0%';
}

function money(usd) {
  if (usd === null || !isFinite(usd)) return '–';
  const local = D.per_usd ? ' (' + (D.currency || '') + ' ' + number(usd * D.per_usd) + ')' : '';
  return 'US$\u00a0' + number(usd) + local;
}

// An element with text and children: names from a run are only ever set as text, never as markup.
function make(tag, attributes, ...children) {
  const element = document.createElement(tag);
  for (const [key, value] of Object.entries(attributes || {})) element.setAttribute(key, value);
  for (const child of children) if (child !== null && child !== undefined) element.append(child);
  return element;
}

const SVG = 'http://www.w3.org/2000/svg';

function drawn(tag, attributes, ...children) {
  const element = document.createElementNS(SVG, tag);
  for (const [key, value] of Object.entries(attributes || {})) element.setAttribute(key, value);
  for (const child of children) element.append(child);
  return element;
}

function colour(name) {
  return getComputedStyle(document.documentElement).getPropertyValue('--' + name).trim() || '#888';
}

// Where a number comes from: opened by the small links beside numbers and headings.
const dialog = document.getElementById('origin');

function info(key) {
  const item = D.origins[key];
  if (!item) return null;
  return make('a', { class: 'info', href: '#from-' + item.of[0][0].split('.')[0], 'data-o': key, 'aria-label': 'Where ' + item.title + ' comes from' }, 'i');
}

function showOrigin(key) {
  const item = D.origins[key];
  const facts = make('dl');
  const fact = (word, ...value) => facts.append(make('div', {}, make('dt', {}, word), make('dd', {}, ...value)));
  fact('How', item.how);
  for (const [name, where, words, unit] of item.of) {
    fact('From', make('code', {}, name), ' in ' + where + (words ? ': ' + words : '') + (unit ? ' (' + unit + ')' : ''));
  }
  if (item.by.length) fact('Made by', item.by.join('; '));
  fact('Kind', item.kind);
  const list = make('ul', { class: 'plain' });
  for (const index of item.sources) {
    const [title, publisher, source, licence, date] = D.sources[index];
    list.append(make('li', {}, make('b', {}, title), ' ' + [publisher && source ? publisher + ': ' + source : source, licence, date].filter(Boolean).join(' · ')));
  }
  const close = make('button', { type: 'button', class: 'quiet', autofocus: '' }, 'Close');
  close.addEventListener('click', () => dialog.close());
  dialog.replaceChildren(
    make('h3', { id: 'origin-title' }, item.title), facts,
    ...(item.sources.length ? [make('h4', {}, 'Sources (' + item.sources.length + ')'), list] : []), close);
  dialog.showModal();
  dialog.scrollTop = 0;
}

document.addEventListener('click', (event) => {
  const link = event.target.closest && event.target.closest('a.info');
  if (link && D.origins[link.dataset.o]) { event.preventDefault(); event.stopPropagation(); showOrigin(link.dataset.o); }
  else if (event.target === dialog) dialog.close();
}, true);
