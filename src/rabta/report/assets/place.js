// The page of one place: readout of the maps, page of a cell, page of a district or tehsil.
const at = (name, i) => { const c = column(name); return c ? c[i] : NaN; };
const known = (value, words) => (value !== null && isFinite(value) ? words(value) : null);
const usd = (v) => 'US$\u00a0' + number(v);
const panel = document.getElementById('place');

function valueWords(item, i) {
  if (item.kind === 'mobile') return D.mobile[Math.min(column('mobile')[i], 3)];
  if (item.kind === 'technology') {
    const code = column('technology')[i];
    return column('served')[i] > 0 && code > 0 ? title(code) : 'nothing to add';
  }
  const value = column(item.key)[i] * item.factor;
  return isFinite(value) ? number(value) + ' ' + item.unit : 'no figure';
}

function title(code) {
  const name = D.cells.technologies[code];
  const item = D.technologies.find((t) => t.name === name);
  return item ? item.title : name;
}

const whereWords = (i) => D.cells.tehsils[column('tehsil')[i]][0] + ', ' + D.districts[districtCode[i]].name;

// Terms, values and where each comes from: [words, value, origin, modelled].
function rows(pairs) {
  const list = make('dl');
  for (const [word, value, key, modelled] of pairs) {
    if (value === null || value === undefined) continue;
    const mark = modelled ? make('span', { class: 'modelled', title: 'modelled, not measured' }, ' ◦') : null;
    list.append(make('div', {}, make('dt', {}, word, mark, key ? info('cell-' + key) : null), make('dd', {}, value)));
  }
  return list;
}

function block(heading, ...parts) {
  return make('section', { class: 'block' }, make('h4', {}, heading), ...parts);
}

function why(i) {
  const code = column('technology')[i], unserved = at('unserved', i);
  if (unserved < 0.5) return 'Everyone here has broadband today, so the plan adds nothing.';
  if (!(at('served', i) > 0) || !code) return 'The plan leaves the ' + number(unserved) + ' households without broadband here as they are.';
  const cost = at('cost', i), second = column('second')[i], next = column('next')[i], price = at('next_cost', i);
  let words = title(code) + ' serves ' + percent(at('share', i)) + ' of the households that join here';
  words += isFinite(cost) ? ', at ' + usd(cost) + ' each over ' + D.years + ' years.' : '.';
  if (second > 0) words += ' The rest get ' + title(second) + '.';
  if (!(next > 0 && isFinite(price))) return words + (D.compared ? ' No other technology gives the whole floor here.' : '');
  words += ' The next choice that meets the floors, ' + title(next) + ', would take ' + usd(price);
  return words + (price < cost ? ' here alone, but the plan as a whole is cheaper this way: what is built here is shared with its neighbours.' : ': ' + usd(price - cost) + ' more a household.');
}

// Which kind of satellites a technology uses, by its short name; null for what needs none.
function orbitOf(code) {
  const name = D.cells.technologies[code] || '';
  if (/^geo/.test(name)) return (s) => s[1] === 'geo';
  if (/direct/.test(name)) return (s) => s[2] === 'direct_to_device';
  if (/leo|satellite/.test(name)) return (s) => s[1] !== 'geo' && s[2] !== 'direct_to_device' && s[2] !== 'navigation';
  return null;
}

function from(i) {
  const code = column('technology')[i];
  const test = at('served', i) > 0 && code > 0 ? orbitOf(code) : null;
  const systems = test ? D.systems.filter(test).map((s) => s[0]) : [];
  const lands = (gateway) => gateway[4] === '*' || gateway[4].split(' ').some((name) => systems.includes(name));
  const away = (gateway) => Math.hypot(gateway[1] - cx[i], gateway[2] - cy[i]) * D.mesh.unit_m / 1000;
  const gateways = systems.length ? D.gateways.filter(lands).sort((a, b) => away(a) - away(b)) : [];
  return [
    ['Constellation', systems.length ? systems.join(', ') : null, 'gateway'],
    ['Nearest gateway', gateways.length ? gateways[0][0] + ' (' + gateways[0][3] + '), ' + number(away(gateways[0])) + ' km' : null, 'gateway'],
    ['Distance to fibre', known(at('backbone', i), (v) => number(v) + ' km of route'), 'backbone', true],
  ];
}

// What the place gets against what the scenario and the services ask.
function targets(i) {
  if (!(at('served', i) > 0)) return null;
  const body = make('tbody');
  const line = (word, key, ask, good, words) => {
    const value = at(key, i);
    if (!isFinite(value) || !ask) return;
    const met = good(value, ask);
    body.append(make('tr', {}, make('th', { scope: 'row' }, word, info('cell-' + key)), make('td', {}, words(value)), make('td', {}, words(ask)), make('td', { class: met ? 'met' : 'missed' }, met ? '✓ met' : '✗ missed')));
  };
  const most = (v, a) => v <= a * 1.001, least = (v, a) => v >= a * 0.999;
  line('Busy-hour rate', 'rate', D.floors.mbps, least, (v) => number(v) + ' Mbit/s');
  line('Round trip', 'latency', D.floors.latency_ms, most, (v) => number(v) + ' ms');
  line('Availability', 'availability', D.floors.availability, least, percent);
  const { schooling, payments } = D.targets;
  if (schooling) line('Schooling: rate', 'rate', schooling[0], least, (v) => number(v) + ' Mbit/s');
  if (schooling) line('Schooling: delay', 'latency', schooling[1], most, (v) => number(v) + ' ms');
  if (payments) line('Payments: delay', 'latency', payments[1], most, (v) => number(v) + ' ms');
  const head = make('thead', {}, make('tr', {}, ...['', 'Gets', 'Target', ''].map((word) => make('th', { scope: 'col' }, word))));
  return make('table', { class: 'targets' }, head, body);
}

// Fewest satellites in each part of the run, as bars over the local clock.
function day(i) {
  const bins = column('bins');
  const parts = bins ? bins.length / total : 0;
  if (!parts) return null;
  const values = Array.from({ length: parts }, (_, b) => bins[b * total + i]);
  const top = Math.max(1, ...values);
  const clock = (b) => { const m = Math.round((D.start_h + D.hours * b / parts) * 60) % 1440; return String(Math.floor(m / 60)).padStart(2, '0') + ':' + String(m % 60).padStart(2, '0'); };
  const svg = drawn('svg', { class: 'day', viewBox: '0 0 240 64', preserveAspectRatio: 'none', role: 'img', 'aria-label': 'Fewest satellites in view in each part of the run: ' + values.join(', ') });
  values.forEach((v, b) => {
    const h = Math.max(1, 60 * v / top);
    const bar = drawn('rect', { x: 240 * b / parts, y: 64 - h, width: 240 / parts - 1.2, height: h, class: v ? 'blue3' : 'warm4' });
    bar.append(drawn('title', {}, clock(b) + ' to ' + clock(b + 1) + ': ' + v));
    svg.append(bar);
  });
  const ends = make('div', { class: 'ends' }, make('span', {}, clock(0)), make('span', {}, '0 to ' + top + ' satellites, ' + D.clock), make('span', {}, clock(parts)));
  return make('div', {}, svg, ends);
}

function census(i) {
  const year = at('year', i);
  if (!(year > 0)) return null;
  return at('old', i) ? year + ' (not counted in the latest census)' : String(year);
}

function people(i) {
  const sigma = at('sigma', i);
  return count(at('people', i)) + (sigma > 0 ? ' ± ' + count(sigma) : '');
}

const share = (key, i) => known(at(key, i), percent);
const whole = (key, i) => known(at(key, i), (v) => number(v));

function todayRows(i) {
  return rows([
    ['People', people(i), 'people', true],
    ['Census', census(i), 'census'],
    ['Households', number(at('households', i)), 'households'],
    ['Children aged 5 to 16', whole('school_age', i), 'school_age'],
    ['Pupils', whole('pupils', i), 'pupils'],
    ['Out of school', whole('out_of_school', i), 'out_of_school'],
    ['Schools', whole('schools', i), 'schools', true],
    ['Health units', whole('health', i), 'health', true],
    ['Government offices', whole('offices', i), 'offices', true],
    ['On the electricity grid', share('grid', i), 'grid'],
    ['On own solar panels', share('solar', i), 'solar'],
    ['Can read and write', share('literate', i), 'literate'],
    ['Under water, August 2022', share('flooded', i), 'flooded'],
    ['Household income', known(at('income', i), (v) => usd(v) + ' a month'), 'income', true],
  ]);
}

function serviceRows(i) {
  return rows([
    ['Best mobile service', D.mobile[Math.min(column('mobile')[i], 3)], 'mobile', true],
    ['Homes with a fixed line', share('fixed', i), 'fixed', true],
    ['Cell sites', whole('sites', i), 'sites', true],
    ['Of them with 4G', whole('sites_4g', i), 'sites_4g', true],
    ['Households unserved', number(at('unserved', i)), 'unserved', true],
  ]);
}

function planRows(i) {
  if (!(at('served', i) > 0)) return null;
  const code = column('technology')[i];
  return rows([
    ['Households connected', number(at('served', i)), 'served'],
    ['Technology', code > 0 ? title(code) + (at('share', i) < 0.995 ? ', ' + percent(at('share', i)) : '') : null, 'technology'],
    ...from(i),
    ['Cost per household', known(at('cost', i), usd), 'cost'],
    ['Investment here', known(at('capex', i), money), 'capex'],
    ['Yearly cost here', known(at('opex', i), usd), 'opex'],
    ['Tariff that pays for it', known(at('tariff', i), (v) => usd(v) + ' a month'), 'tariff'],
    ['Expected to take it', share('adoption', i), 'adoption', true],
  ]);
}

function skyRows(i) {
  const blind = at('blind', i);
  return rows([
    ['In view, mean', whole('visible_mean', i), 'visible_mean'],
    ['Fewest at any step', whole('visible_min', i), 'visible_min'],
    ['Without any satellite', blind > 0 ? percent(blind) + ' of the time' : null, 'visible_min'],
    ['One terminal alone', known(at('link_rate', i), (v) => number(v) + ' Mbit/s'), 'link_rate'],
    ['Round trip', known(at('link_latency', i), (v) => number(v) + ' ms'), 'link_latency'],
  ]);
}

function showPanel(heading, where, ...parts) {
  const print = make('button', { type: 'button', class: 'quiet screen-only', id: 'printplace' }, 'Print this place');
  print.addEventListener('click', () => {
    document.body.classList.add('one-place');
    addEventListener('afterprint', () => document.body.classList.remove('one-place'), { once: true });
    window.print();
  });
  const keys = [...new Set(parts.filter(Boolean).flatMap((part) => [...part.querySelectorAll('a.info')].map((link) => link.dataset.o)))];
  const used = [...new Set(keys.flatMap((key) => D.origins[key].sources))].sort((a, b) => a - b);
  const said = used.map((i) => [D.sources[i][0], D.sources[i][3], D.sources[i][4]].filter(Boolean).join(', ')).join('; ');
  parts.push(make('p', { class: 'onpaper' }, make('b', {}, 'Sources: '), said));
  panel.replaceChildren(make('header', {}, make('h3', {}, heading), print, make('p', { class: 'where' }, where)), ...parts.filter(Boolean));
  panel.hidden = false;
}

function showCell(i, name) {
  selected = i;
  pointed = -1;
  selectedDistrict = -1;
  const [tehsil] = D.cells.tehsils[column('tehsil')[i]];
  const district = D.districts[districtCode[i]];
  const [lat, lon] = coordinates(i);
  const spot = Math.abs(lat).toFixed(3) + ' ' + (lat < 0 ? 'S' : 'N') + ' ' + Math.abs(lon).toFixed(3) + ' ' + (lon < 0 ? 'W' : 'E');
  const where = [name && name !== tehsil ? tehsil + ' tehsil' : null, district.name + ' district', district.province, spot, 'cell ' + h3Of(i)];
  const plan = planRows(i), met = targets(i);
  const blocks = make('div', { class: 'blocks' },
    plan && block('The plan here', plan),
    met && block('Against the targets', met),
    block('Service today', serviceRows(i)),
    block('People and place', todayRows(i)),
    block('Satellites over the run', skyRows(i), day(i)));
  const notes = '◦ modelled, not measured. ' + (D.coarse ? 'The run has ' + number(D.coarse) + ' finer cells; this page adds them up. ' : '') + 'Choose i beside a number to see where it comes from.';
  showPanel(name || tehsil, where.filter(Boolean).join(' · '), make('p', { class: 'why' }, why(i), info('cell-next')), blocks, make('p', { class: 'hint' }, notes));
  if (view.k < view.fit * 3) goTo(cx[i], cy[i], Math.max(view.k, view.fit * 6));
  const x = cx[i] * view.k + view.x, y = cy[i] * view.k + view.y;
  if (x < 20 || y < 20 || x > size.w - 20 || y > size.h - 20) goTo(cx[i], cy[i], view.k);
  read(i);
  draw();
}

// Figures of a tehsil by name; sums over its part of each cell were made with the page.
function tehsilFigures(t) {
  const [name, d, cell, ...values] = D.cells.tehsils[t];
  return Object.assign({ name, d, cell }, ...D.cells.tehsil_columns.map((key, i) => ({ [key]: values[i] })));
}

function areaWords(s) {
  const words = number(s.unserved) + ' of ' + number(s.households) + ' households lack broadband today; the plan connects ' + number(s.connected);
  return words + (s.connected > 0 ? ' at ' + usd(s.npc_per_household_usd) + ' each over ' + D.years + ' years.' : '.');
}

function showArea(d, t) {
  selected = -1;
  selectedDistrict = d;
  const district = D.districts[d], tehsilOf = column('tehsil');
  const s = t < 0 ? district : tehsilFigures(t);
  const belongs = t < 0 ? (i) => districtCode[i] === d : (i) => tehsilOf[i] === t;
  const named = (name) => { const item = D.technologies.find((one) => one.name === name); return item ? item.title : name; };
  const mix = s.mix.filter(([, part]) => part > 0.0005).map(([name, part]) => [named(name), percent(part), 'technology']);
  const arrow = (a, b) => (a === null || b === null ? null : (percent(a) + ' → ' + percent(b)).replaceAll(' ', '\u00a0'));
  const blocks = make('div', { class: 'blocks' },
    block('The plan here', rows([...mix, ['Net present cost', money(s.npc_usd), 'cost']])),
    block('People', rows([['People', count(s.people), 'people'], ['Households', number(s.households), 'households'], ['Unserved today', number(s.unserved), 'unserved', true], ['Connected', number(s.connected), 'served'], ['Children aged 5 to 16', s.school_age ? number(s.school_age) : null, 'school_age']])),
    block('Today → after the plan', rows([
      ['Households with broadband', arrow(s.today_share, s.after_share), 'unserved_share'],
      ['Pupils within target', arrow(s.schooling_today, s.schooling_after), 'rate'],
      ['Payments within target', arrow(s.payments_today, s.payments_after), 'latency'],
      ['Busy-hour rate, median', known(s.rate_mbps, (v) => number(v) + ' Mbit/s'), 'rate'],
      ['Round trip, median', known(s.trip_ms, (v) => number(v) + ' ms'), 'latency'],
      ['Availability, median', known(s.availability, percent), 'availability'],
    ])),
    t < 0 && block('Satellites', rows([
      ['In view, mean', known(district.visible_mean, number), 'visible_mean'], ['Fewest', known(district.visible_min, number), 'visible_min'],
      ['One terminal alone', known(district.link_rate_mbps, (v) => number(v) + ' Mbit/s'), 'link_rate'],
      ['Satellites alone would carry', known(district.carried_share, (v) => percent(v) + ' of the busy hour'), 'carried'],
    ])));
  const heading = t < 0 ? district.name : D.cells.tehsils[t][0];
  showPanel(heading, t < 0 ? 'District · ' + district.province : 'Tehsil · ' + district.name + ' district · ' + district.province, make('p', { class: 'why' }, areaWords(s)), blocks);
  let x0 = Infinity, y0 = Infinity, x1 = -Infinity, y1 = -Infinity;
  const own = Array.from({ length: total }, (_, i) => i).filter(belongs);
  for (const i of own.length ? own : [s.cell]) {
    x0 = Math.min(x0, cx[i]); x1 = Math.max(x1, cx[i]);
    y0 = Math.min(y0, cy[i]); y1 = Math.max(y1, cy[i]);
  }
  goTo((x0 + x1) / 2, (y0 + y1) / 2, 0.72 * Math.min(size.w / (x1 - x0 + 4 * reach), size.h / (y1 - y0 + 4 * reach)));
}
