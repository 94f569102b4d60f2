// What one place gets: tooltip, card of a cell, card of a district.
function valueWords(i) {
  if (layer.kind === 'mobile') return D.mobile[Math.min(column('mobile')[i], 3)];
  if (layer.kind === 'technology') {
    const code = column('technology')[i];
    return column('served')[i] > 0 && code > 0 ? title(code) : 'nothing to add';
  }
  const value = column(layer.key)[i];
  return isFinite(value) ? number(value) + ' ' + layer.unit : 'no figure';
}

function title(code) {
  const name = D.cells.technologies[code];
  const found = D.technologies.find((t) => t.name === name);
  return found ? found.title : name;
}

function rows(pairs) {
  const list = make('dl');
  for (const [word, value, modelled] of pairs) {
    if (value === null) continue;
    const mark = modelled ? make('span', { class: 'modelled', title: 'modelled, not measured' }, ' ◦') : null;
    list.append(make('div', {}, make('dt', {}, word, mark), make('dd', {}, value)));
  }
  return list;
}

const at = (name, i) => { const c = column(name); return c ? c[i] : NaN; };
const known = (value, words) => (isFinite(value) ? words(value) : null);

function why(i) {
  const code = column('technology')[i], unserved = at('unserved', i);
  if (unserved < 0.5) return 'Everyone here has broadband today, so the plan adds nothing.';
  if (!(at('served', i) > 0) || !code) return 'The plan leaves the ' + number(unserved) + ' households without broadband here as they are.';
  const cost = at('cost', i), second = column('second')[i], next = column('next')[i], price = at('next_cost', i);
  let words = title(code) + ' serves ' + percent(at('share', i)) + ' of the households that join here';
  words += isFinite(cost) ? ', at US$\u00a0' + number(cost) + ' each over the years of the plan.' : '.';
  if (second > 0) words += ' The rest get ' + title(second) + '.';
  if (!(next > 0 && isFinite(price))) return words;
  words += ' The next choice that meets the floors, ' + title(next) + ', would take US$\u00a0' + number(price);
  return words + (price < cost ? ' here alone, but the plan as a whole is cheaper this way: what is built here is shared with its neighbours.' : '.');
}

function floors(i) {
  const met = [];
  const test = (name, floor, good, word) => {
    const value = at(name, i);
    if (isFinite(value) && floor) met.push((good(value, floor) ? '✓ ' : '✗ ') + word);
  };
  test('rate', D.floors.mbps, (v, f) => v >= f * 0.999, 'rate');
  test('latency', D.floors.latency_ms, (v, f) => v <= f * 1.001, 'latency');
  test('availability', D.floors.availability, (v, f) => v >= f - 1e-3, 'availability');
  return met.length ? met.join('  ') : null;
}

// Fewest satellites in each part of the run, as bars.
function day(i) {
  const bins = column('bins');
  const parts = bins ? bins.length / total : 0;
  if (!parts) return null;
  const values = Array.from({ length: parts }, (_, b) => bins[b * total + i]);
  const top = Math.max(1, ...values);
  const svg = drawn('svg', { class: 'day', viewBox: '0 0 240 64', preserveAspectRatio: 'none', role: 'img', 'aria-label': 'Fewest satellites in view in each part of the run: ' + values.join(', ') });
  values.forEach((v, b) => {
    const h = Math.max(1, 60 * v / top);
    svg.append(drawn('rect', { x: 240 * b / parts, y: 64 - h, width: 240 / parts - 1.2, height: h, class: v ? 'blue3' : 'warm4' }));
  });
  return svg;
}

function showCell(i, name) {
  selected = i;
  selectedDistrict = -1;
  const district = D.districts[districtCode[i]];
  const card = document.getElementById('card');
  const tehsil = D.cells.tehsils[column('tehsil')[i]];
  const low = at('visible_min', i), blind = at('blind', i);
  const sky = rows([
    ['Satellites in view, mean', known(at('visible_mean', i), (v) => number(v))],
    ['Fewest at any step', known(low, (v) => number(v))],
    ['Without any satellite', blind > 0 ? percent(blind) + ' of the time' : null],
    ['One terminal alone', known(at('link_rate', i), (v) => number(v) + ' Mbit/s')],
    ['Round trip', known(at('link_latency', i), (v) => number(v) + ' ms')],
  ]);
  const today = rows([
    [at('old', i) ? 'People (older census)' : 'People', number(at('people', i)), true],
    ['Households', number(at('households', i))],
    ['Best mobile service', D.mobile[Math.min(column('mobile')[i], 3)], true],
    ['Homes with fixed broadband', known(at('fixed', i), percent), true],
    ['Households unserved', number(at('unserved', i)), true],
  ]);
  const plan = at('served', i) > 0 ? rows([
    ['Households connected', number(at('served', i))],
    ['Busy-hour rate', known(at('rate', i), (v) => number(v) + ' Mbit/s')],
    ['Round trip', known(at('latency', i), (v) => number(v) + ' ms')],
    ['Availability', known(at('availability', i), percent)],
    ['Floors', floors(i)],
    ['Cost per household', known(at('cost', i), (v) => 'US$\u00a0' + number(v))],
    ['Investment in the cell', known(at('capex', i), (v) => 'US$\u00a0' + number(v))],
  ]) : null;
  card.replaceChildren(
    make('h3', {}, name || tehsil),
    make('p', { class: 'where' }, [name && name !== tehsil ? tehsil : null, district.name, district.province].filter(Boolean).join(', ')),
    make('p', { class: 'why' }, why(i)),
    ...[make('h4', {}, 'The plan'), plan].filter(() => plan),
    make('h4', {}, 'Today'), today,
    make('h4', {}, 'The sky over the run'), sky, day(i) || '',
    make('p', { class: 'hint' }, '◦ modelled, not measured'),
  );
  draw();
}

function showDistrict(index, move) {
  selected = -1;
  selectedDistrict = index;
  const d = D.districts[index];
  const card = document.getElementById('card');
  const sum = d.mix.reduce((s, pair) => s + pair[1], 0);
  const mix = d.mix.slice(0, 5).map(([name, n]) => {
    const found = D.technologies.find((t) => t.name === name);
    return [found ? found.title : name, percent(n / sum)];
  });
  card.replaceChildren(
    make('h3', {}, d.name),
    make('p', { class: 'where' }, 'District, ' + d.province),
    make('p', { class: 'why' }, number(d.unserved_today) + ' of ' + number(d.households) + ' households lack broadband today; the plan connects ' + number(d.served_by_plan) + ' at US$\u00a0' + number(d.npc_per_household_usd) + ' each.'),
    make('h4', {}, 'The plan'),
    rows([...mix, ['Net present cost', money(d.npc_usd)]]),
    make('h4', {}, 'Satellites'),
    rows([
      ['In view, mean', number(d.visible_mean)], ['Fewest', number(d.visible_min)],
      ['Terminal alone', number(d.link_rate_mbps) + ' Mbit/s'], ['Round trip', number(d.latency_ms) + ' ms'],
      ['Busy-hour need carried', d.carried_share === null ? null : percent(d.carried_share)],
    ]),
    make('h4', {}, 'People'), rows([['People', number(d.people)], ['Households', number(d.households)]]),
  );
  if (move === false) return draw();
  let x0 = Infinity, y0 = Infinity, x1 = -Infinity, y1 = -Infinity;
  for (let i = 0; i < total; i++) {
    if (districtCode[i] !== index) continue;
    x0 = Math.min(x0, centre[2 * i]); x1 = Math.max(x1, centre[2 * i]);
    y0 = Math.min(y0, centre[2 * i + 1]); y1 = Math.max(y1, centre[2 * i + 1]);
  }
  return goTo((x0 + x1) / 2, (y0 + y1) / 2, 0.72 * Math.min(size.w / (x1 - x0 + 4 * reach), size.h / (y1 - y0 + 4 * reach)));
}

function showPlace(place) {
  const [name, row] = place;
  goTo(centre[2 * row], centre[2 * row + 1], Math.max(view.k, view.fit * 9));
  showCell(row, name);
}
