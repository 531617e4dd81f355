// The arithmetic of the weight table as far as the page foretells it; the kernel has the last word.

/** Points after one was set: the free others keep their proportions, the total and what is locked stay. */
export function foretold(points, locked, place, wanted, total) {
  const held = points.reduce((sum, one, at) => sum + (at !== place && locked[at] ? one : 0), 0);
  const value = Math.min(Math.max(0, wanted), Math.max(0, total - held));
  const free = points.map((_, at) => at).filter((at) => at !== place && !locked[at]);
  const before = free.reduce((sum, at) => sum + points[at], 0);
  const rest = Math.max(0, total - held - value);
  const told = [...points];
  told[place] = free.length ? value : points[place];
  for (const at of free) told[at] = before > 0 ? (points[at] * rest) / before : rest / free.length;
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
