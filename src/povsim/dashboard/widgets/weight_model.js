// The arithmetic of the weight table as far as the page foretells it; the kernel has the last word.

/** Points after one was set: the free others keep their proportions, the total and what is locked stay. */
export function foretold(points, locked, place, wanted, total, printed = []) {
  const held = points.reduce((sum, one, at) => sum + (at !== place && locked[at] ? one : 0), 0);
  const value = Math.min(Math.max(0, wanted), Math.max(0, total - held));
  const free = points.map((_, at) => at).filter((at) => at !== place && !locked[at]);
  const before = free.reduce((sum, at) => sum + points[at], 0);
  const rest = Math.max(0, total - held - value);
  const told = [...points];
  told[place] = free.length ? value : points[place];
  // where all others have none, they come back in the proportions of the document
  const parts = before > 0 ? points : printed.map((one) => one ?? 0);
  const whole = free.reduce((sum, at) => sum + (parts[at] ?? 0), 0);
  for (const at of free) told[at] = whole > 0 ? (parts[at] * rest) / whole : rest / free.length;
  return told;
}

/** The right end of the sliders: a round number with room above the largest. */
export function scaleFor(points, printed, total) {
  const most = Math.max(1, ...points, ...printed.filter((one) => one !== null));
  const wanted = Math.min(total, most * 2);
  return [5, 10, 15, 20, 25, 30, 40, 50, 60, 80, 100].find((one) => one >= wanted) ?? Math.ceil(wanted);
}

/** Groups in order with the places of their rows; rows of one group follow each other. */
export function groupsOf(rows) {
  const groups = [];
  rows.forEach((row, place) => {
    const name = row.group ?? "";
    if (groups.length === 0 || groups.at(-1).name !== name) groups.push({ name, places: [] });
    groups.at(-1).places.push(place);
  });
  return groups;
}

export function sumOf(points, places) {
  return places.reduce((sum, place) => sum + (points[place] ?? 0), 0);
}

/** Whether an answer of the kernel is older than what the reader has done since. */
export function outdated(answered, sent) {
  return answered < sent;
}

/** Sums out of what the kernel sent: fixed points, mean shares by unit and item, gaps in them; null where there are none. */
export function sumsOf(told, view) {
  const [count, items] = [told.units ?? 0, told.items?.length ?? 0];
  if (items === 0 || view.byteLength === 0) return null;
  const flat = new Float32Array(view.buffer.slice(view.byteOffset, view.byteOffset + view.byteLength));
  const from = count * (1 + items);
  return { items, fixed: flat.subarray(0, count), shares: flat.subarray(count, from), rows: flat.subarray(from), masks: told.masks, gaps: told.gaps };
}

/** What points come to for each unit; where items do not count, the others are scaled up for them. */
export function totalsUnder({ items, fixed, shares, rows, masks, gaps }, points) {
  const weighed = (table, row) => {
    let sum = 0;
    for (let item = 0; item < items; item += 1) sum += points[item] * table[row * items + item];
    return sum;
  };
  const earned = Array.from(fixed, (_, unit) => weighed(shares, unit));
  const totals = earned.map((sum, unit) => fixed[unit] + sum);
  const whole = points.reduce((sum, one) => sum + one, 0);
  const factors = masks.map((mask) => {
    const left = whole - mask.reduce((sum, item) => sum + points[item], 0);
    return left > 1e-9 * Math.max(whole, 1) ? whole / left : NaN;
  });
  for (const [unit, mask, row] of gaps) totals[unit] += (factors[mask] - 1) * (row < 0 ? earned[unit] : weighed(rows, row));
  return totals;
}

/** Ranks of totals: ties, as far as single precision tells them, share the best of their places; who is not ranked or has no total has none. */
export function ranksOf(totals, ranked, tie = 1e-5) {
  const ranks = totals.map(() => null);
  const order = totals.map((_, unit) => unit).filter((unit) => ranked[unit] && Number.isFinite(totals[unit]));
  order.sort((a, b) => totals[b] - totals[a]);
  order.forEach((unit, at) => {
    const before = order[at - 1];
    ranks[unit] = at > 0 && totals[before] - totals[unit] <= tie ? ranks[before] : at + 1;
  });
  return ranks;
}
