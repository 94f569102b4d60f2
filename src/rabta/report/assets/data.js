// The data of the run: typed arrays out of base64, numbers in words.
const D = JSON.parse(document.getElementById('data').textContent);
const KINDS = { u1: Uint8Array, u2: Uint16Array, u4: Uint32Array, f4: Float32Array };

function unpack(packed) {
  const text = atob(packed.d);
  const bytes = new Uint8Array(text.length);
  for (let i = 0; i < text.length; i++) bytes[i] = text.charCodeAt(i);
  return new KINDS[packed.t](bytes.buffer);
}

function column(name) {
  const packed = D.cells[name];
  if (!packed) return null;
  if (!columns[name]) {
    const raw = unpack(packed);
    columns[name] = packed.s === undefined ? raw
      : Float32Array.from(raw, (code) => (code === 65535 ? NaN : packed.o + packed.s * code));
  }
  return columns[name];
}
const columns = {};

function number(value, digits) {
  if (value === null || value === undefined || !isFinite(value)) return '–';
  for (const [scale, word] of [[1e9, ' billion'], [1e6, ' million']]) {
    if (Math.abs(value) >= scale * 0.9995) return rounded(value / scale, digits || 3) + word;
  }
  return rounded(value, digits || 3);
}

function rounded(value, digits) {
  if (Math.abs(value) < 1e-6) return '0';
  return Number(value.toPrecision(digits)).toLocaleString('en-US', { maximumFractionDigits: 6 });
}

function percent(share) {
  if (!isFinite(share)) return '–';
  if (share > 0.99 && share < 1) return Math.floor(share * 1e4) / 100 + ' %';
  return rounded(share * 100, share < 0.995 ? 2 : 3) + ' %';
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
