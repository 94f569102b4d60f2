// Two maps of the cells with one view: one path a shade on a canvas; pan, zoom, hover and keyboard.
const total = D.cells.count;
const corners = D.mesh.corners;
const cx = unpack(D.mesh.x), cy = unpack(D.mesh.y), offset = unpack(D.mesh.offset);
const districtCode = column('district');
const border = new Path2D(document.querySelector('#over .prov').getAttribute('d') || '');
const outer = new Path2D(document.querySelector('#over .nat').getAttribute('d') || '');
const control = document.querySelector('#over .loc');
const controlPath = control && new Path2D(control.getAttribute('d'));
const districtPaths = D.districts.map((d) => new Path2D(d.path));

const view = { k: 1, x: 0, y: 0, fit: 1 };
const size = { w: 0, h: 0, ratio: 1 };
let selected = -1;
let pointed = -1;
let selectedDistrict = -1;
let hatching = null;

// Corners lie corner by corner: x of corner j of cell i is at (2j) total + i, its y at (2j + 1) total + i.
// As words of an SVG path: thousands of hexagons are read in 50 ms, while one call a corner takes seconds.
function hexagon(i) {
  let words = 'M' + (cx[i] + offset[i]) + ' ' + (cy[i] + offset[total + i]);
  for (let j = 1; j < corners; j++) words += 'L' + (cx[i] + offset[2 * j * total + i]) + ' ' + (cy[i] + offset[(2 * j + 1) * total + i]);
  return words + 'z';
}

// Shade of each cell under the layer: -1 is the bare ground.
function shadeOf(item) {
  const out = new Int8Array(total).fill(-1);
  if (item.kind === 'mobile') {
    const codes = column('mobile'), people = column('people');
    for (let i = 0; i < total; i++) if (people[i] > 0) out[i] = Math.min(codes[i], 3);
  } else if (item.kind === 'technology') {
    const codes = column('technology'), served = column('served');
    for (let i = 0; i < total; i++) if (served[i] > 0 && codes[i] > 0) out[i] = codes[i] - 1;
  } else {
    const values = column(item.key);
    for (let i = 0; i < total; i++) {
      const v = values[i] * item.factor;
      if (!isFinite(v) || (v < 0.5 && (item.key === 'unserved' || item.key === 'people'))) continue;
      let shade = 0;
      while (shade < item.cuts.length && v >= item.cuts[shade]) shade++;
      out[i] = shade;
    }
  }
  return out;
}

function shadeNames(item) {
  if (item.kind === 'mobile') return D.mobile.map((title, i) => ['m' + i, title]);
  if (item.kind === 'technology') return D.technologies.map((t, i) => ['t' + (i % 8), t.title]);
  return item.labels.map((title, i) => [item.ramp + i, title]);
}

const hexagons = Array.from({ length: total }, (_, i) => hexagon(i));
const old = column('old');
const oldPath = new Path2D(hexagons.filter((_, i) => old[i]).join(''));
const anyOld = old.some((flag) => flag);

class Pane {
  constructor(index) {
    this.canvas = document.getElementById('canvas' + index);
    this.box = this.canvas.closest('.pane');
    this.chooser = document.getElementById('layer' + index);
    this.context = this.canvas.getContext('2d');
    this.tip = this.box.querySelector('.tip');
    this.shades = [];
    D.layers.forEach((item, i) => this.chooser.append(make('option', { value: i }, item.title)));
    this.chooser.addEventListener('change', () => this.choose(D.layers[Number(this.chooser.value)]));
  }

  get shown() { return !this.box.hidden; }

  start(key) {
    this.chooser.value = String(Math.max(0, D.layers.findIndex((item) => item.key === key)));
    this.choose(D.layers[Number(this.chooser.value)]);
  }

  choose(item) {
    this.layer = item;
    if (!this.shown) { this.shades = []; return; }
    const of = shadeOf(item);
    const names = shadeNames(item);
    const parts = [...names, ['land', '']].map(() => []);
    for (let i = 0; i < total; i++) parts[of[i] < 0 || of[i] >= names.length ? names.length : of[i]].push(hexagons[i]);
    this.shades = [...names, ['land', '']].map(([name, title], i) => ({ name, title, path: new Path2D(parts[i].join('')), count: parts[i].length }));
    this.legend();
    draw();
  }

  legend() {
    const list = make('ul');
    for (const shade of this.shades) {
      const plain = shade.name === 'land';
      if (!shade.count || (plain && this.layer.kind !== 'technology')) continue;
      const swatch = make('span', { class: 'swatch' });
      swatch.style.background = 'var(--' + shade.name + ')';
      list.append(make('li', {}, swatch, ' ' + (plain ? 'nothing to add' : shade.title)));
    }
    const note = [this.layer.unit || '', this.layer.modelled ? 'modelled, not measured' : ''].filter(Boolean).join(' · ');
    this.box.querySelector('.legend').replaceChildren(make('b', {}, this.layer.title, info('cell-' + this.layer.key)), make('i', {}, note), list);
  }

  resize() {
    this.canvas.width = Math.round(size.w * size.ratio);
    this.canvas.height = Math.round(size.h * size.ratio);
    this.canvas.style.height = size.h + 'px';
  }

  paint() {
    const context = this.context;
    const world = () => context.setTransform(size.ratio * view.k, 0, 0, size.ratio * view.k, size.ratio * view.x, size.ratio * view.y);
    const line = (path, style, width, scale) => {
      context.strokeStyle = style;
      context.lineWidth = width / view.k / (scale || 1);
      context.stroke(path);
    };
    context.setTransform(1, 0, 0, 1, 0, 0);
    context.clearRect(0, 0, this.canvas.width, this.canvas.height);
    world();
    for (const shade of this.shades) {
      if (!shade.count) continue;
      const fill = colour(shade.name);
      context.fillStyle = fill;
      context.fill(shade.path);
      line(shade.path, fill, 0.5);
    }
    if (anyOld) {
      context.save();
      context.clip(oldPath);
      context.setTransform(1, 0, 0, 1, 0, 0);
      context.fillStyle = hatching || (hatching = hatch(context));
      context.fillRect(0, 0, this.canvas.width, this.canvas.height);
      context.restore();
    }
    world();
    context.scale(1 / D.mesh.scale, 1 / D.mesh.scale);
    context.lineJoin = 'round';
    if (view.k > view.fit * 1.8) for (const path of districtPaths) line(path, colour('border'), 0.5, 1 / D.mesh.scale);
    line(border, colour('border'), 1, 1 / D.mesh.scale);
    line(outer, colour('border'), 1.3, 1 / D.mesh.scale);
    if (controlPath) {
      context.setLineDash([5 * D.mesh.scale / view.k, 5 * D.mesh.scale / view.k]);
      line(controlPath, colour('paper'), 1.8, 1 / D.mesh.scale);
      context.setLineDash([]);
    }
    if (selectedDistrict >= 0) line(districtPaths[selectedDistrict], colour('focus'), 2.4, 1 / D.mesh.scale);
    world();
    for (const [cell, style, width] of [[pointed, 'ink', 2], [selected, 'focus', 3]]) {
      if (cell < 0) continue;
      line(new Path2D(hexagons[cell]), colour(style), width);
    }
    context.setTransform(size.ratio, 0, 0, size.ratio, 0, 0);
    labels(context);
  }
}

// The legend and the buttons go to the corners that hold the fewest cells.
function placeOnMaps() {
  const filled = { tl: 0, tr: 0, bl: 0, br: 0 };
  for (let i = 0; i < total; i++) {
    const x = cx[i] / D.mesh.width, y = cy[i] / D.mesh.height;
    if ((x < 0.38 || x > 0.62) && (y < 0.36 || y > 0.64)) filled[(y < 0.5 ? 't' : 'b') + (x < 0.5 ? 'l' : 'r')]++;
  }
  const order = Object.keys(filled).sort((a, b) => filled[a] - filled[b]);
  for (const box of document.querySelectorAll('.onmap')) box.classList.add(order[0]);
  for (const box of document.querySelectorAll('.zoom')) box.classList.add(order[1]);
}

function resize() {
  const width = panes[0].canvas.parentElement.clientWidth;
  const tall = Math.min(Math.max(window.innerHeight * 0.78, 320), width * (D.mesh.height / D.mesh.width) * 1.04 + 10);
  Object.assign(size, { w: width, h: Math.round(tall), ratio: Math.min(window.devicePixelRatio || 1, 2.5) });
  for (const pane of panes) pane.resize();
  view.fit = Math.min((size.w - 24) / D.mesh.width, (size.h - 24) / D.mesh.height);
  all();
}

function all() {
  view.k = view.fit;
  view.x = (size.w - D.mesh.width * view.k) / 2;
  view.y = (size.h - D.mesh.height * view.k) / 2;
  moved();
}

function zoom(factor, px, py) {
  const k = Math.min(Math.max(view.k * factor, view.fit), view.fit * 60);
  view.x = px - (px - view.x) * (k / view.k);
  view.y = py - (py - view.y) * (k / view.k);
  view.k = k;
  if (k === view.fit) all(); else moved();
}

function goTo(x, y, k) {
  view.k = Math.min(Math.max(k, view.fit), view.fit * 60);
  view.x = size.w / 2 - x * view.k;
  view.y = size.h / 2 - y * view.k;
  moved();
}

function moved() {
  for (const pane of panes) pane.canvas.style.touchAction = view.k > view.fit * 1.01 ? 'none' : 'pan-x pan-y';
  draw();
}

let pending = false;
function draw() {
  if (pending) return;
  pending = true;
  requestAnimationFrame(() => { pending = false; for (const pane of panes) if (pane.shown) pane.paint(); });
}

function hatch(context) {
  const tile = document.createElement('canvas');
  const step = Math.round(7 * size.ratio);
  tile.width = tile.height = step;
  const pen = tile.getContext('2d');
  pen.strokeStyle = colour('hatch');
  pen.lineWidth = size.ratio;
  pen.beginPath();
  for (const shift of [-step, 0, step]) { pen.moveTo(shift, step); pen.lineTo(shift + step, 0); }
  pen.stroke();
  return context.createPattern(tile, 'repeat');
}

// Named cities first (the largest place of each name), then by people.
const named = D.cities.map((name) => D.places.find((place) => place[0] === name)).filter(Boolean);
const ranked = [...named, ...D.places.filter((place) => !named.includes(place))];

// Names of the largest places that fit without touching each other, and the gateways.
function labels(context) {
  const taken = [];
  const free = (b) => taken.every((t) => b[0] > t[2] || b[2] < t[0] || b[1] > t[3] || b[3] < t[1]);
  context.lineJoin = 'round';
  for (const [, gx, gy] of D.gateways) {
    const x = gx * view.k + view.x, y = gy * view.k + view.y;
    context.beginPath();
    context.moveTo(x, y - 6); context.lineTo(x + 5, y + 4); context.lineTo(x - 5, y + 4); context.closePath();
    context.fillStyle = colour('paper'); context.fill();
    context.strokeStyle = colour('ink'); context.lineWidth = 1.4; context.stroke();
  }
  context.font = '600 12px ' + getComputedStyle(document.body).fontFamily;
  let shown = 0;
  const most = Math.round(8 + 14 * Math.log2(view.k / view.fit + 0.6));
  for (const [name, row] of ranked) {
    if (shown >= most) break;
    const x = cx[row] * view.k + view.x, y = cy[row] * view.k + view.y;
    if (x < 0 || y < 0 || x > size.w || y > size.h) continue;
    const width = context.measureText(name).width;
    const left = x + 7 + width > size.w ? x - 7 - width : x + 7;
    const box = [Math.min(left, x) - 6, y - 9, Math.max(left + width, x) + 6, y + 8];
    if (!free(box)) continue;
    taken.push(box);
    shown++;
    context.beginPath();
    context.arc(x, y, 2.6, 0, 7);
    context.fillStyle = colour('ink');
    context.fill();
    context.lineWidth = 3.2;
    context.strokeStyle = colour('paper');
    context.stroke();
    context.fill();
    context.strokeText(name, left, y + 4);
    context.fillText(name, left, y + 4);
  }
}

// Cells by square of the drawing, to find the one under a point: hexagons are the nearest-centre areas.
const SIDE = 64;
const squares = new Map();
const squareOf = (x, y) => (Math.floor(x / 65536 * SIDE) << 8) | Math.floor(y / 65536 * SIDE);
for (let i = 0; i < total; i++) {
  const k = squareOf(cx[i], cy[i]);
  if (!squares.has(k)) squares.set(k, []);
  squares.get(k).push(i);
}
let reach = 0;
for (let j = 0; j < corners; j++) reach = Math.max(reach, Math.hypot(offset[2 * j * total], offset[(2 * j + 1) * total]));
reach *= 1.12;

function near(x, y, radius, test) {
  let best = -1, least = radius * radius;
  const step = 65536 / SIDE;
  for (let sx = Math.floor((x - radius) / step); sx <= Math.floor((x + radius) / step); sx++) {
    for (let sy = Math.floor((y - radius) / step); sy <= Math.floor((y + radius) / step); sy++) {
      for (const i of squares.get((sx << 8) | sy) || []) {
        const d = (cx[i] - x) ** 2 + (cy[i] - y) ** 2;
        if (d < least && (!test || test(i))) { least = d; best = i; }
      }
    }
  }
  return best;
}

const cellAt = (px, py) => near((px - view.x) / view.k, (py - view.y) / view.k, reach);

function neighbour(i, dx, dy) {
  const x = cx[i], y = cy[i];
  return near(x + dx * reach * 1.6, y + dy * reach * 1.6, reach * 2.6, (j) => {
    const ax = cx[j] - x, ay = cy[j] - y;
    return j !== i && ax * dx + ay * dy > 0.5 * Math.hypot(ax, ay);
  });
}

const panes = [new Pane(0), new Pane(1)];
