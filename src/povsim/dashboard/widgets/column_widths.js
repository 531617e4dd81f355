// Widths of a table's columns, in em: what they would like, what they cannot do without, and what they get.
const FRAME = 1.9;
const SHORTEST = 2.8;
const LONGEST = 25;
/** A text that is longer may take two lines where room is short, and a heading three. */
const NARROW_TEXT = 7;
const HEAD_LINES = 3;
const LONGEST_WORD = 15;
/** Texts of a column that have the room they want; a few that are longer would take it from the others. */
const SERVED = 0.9;
const WIDE = /[\u2e80-\uffff]/;

/** Width of a text; `digit` is that of a digit, a Chinese sign takes one em. */
export function span(text, digit) {
  let sum = 0;
  for (const sign of String(text)) sum += WIDE.test(sign) ? 1.02 : digit;
  return sum;
}

/** Width of the longest piece that is not broken: a word, a number, or one Chinese sign. */
export function unbroken(text, measure) {
  const pieces = String(text).split(/[\s\u2e80-\uffff]+/);
  return pieces.reduce((most, piece) => Math.max(most, measure(piece)), WIDE.test(text) ? 1.02 : 0);
}

/** For each column [least, wanted]. Numbers, and names without a gap (as of households), stay on one line.
 *
 * `left` are the kinds that are texts; `digit` is the width of a digit, `head` measures what stands in headings. */
export function spans(columns, written, { left, digit, head: measured }) {
  const cell = (text) => span(text, digit);
  const most = (place, measure) => written.reduce((found, row) => Math.max(found, measure(row[place])), 0);
  const usual = (place) => written.map((row) => cell(row[place])).sort((a, b) => a - b)[Math.ceil(SERVED * written.length) - 1] ?? 0;
  return columns.map((column, place) => {
    const texts = left.has(column.kind);
    const longest = texts ? Math.max(usual(place), Math.min(most(place, cell), NARROW_TEXT)) : most(place, cell);
    const [label, unit] = [measured(column.label), measured(column.unit ?? "")];
    const word = unbroken(column.label, measured);
    const wanted = Math.min(LONGEST, Math.max(SHORTEST, longest, word, Math.min(label, Math.max(7, label / 2 + 1)), unit));
    const head = Math.max(label / HEAD_LINES + 0.5, word, Math.min(unit, 5));
    const body = texts ? Math.max(Math.min(longest, NARROW_TEXT), Math.min(most(place, (text) => unbroken(text, cell)), LONGEST_WORD)) : longest;
    return [Math.min(wanted, Math.max(SHORTEST, head, body)) + FRAME, wanted + FRAME];
  });
}

/** Widths for a room: as wanted where there is room for all, else less where less will do. */
export function fitted(all, room) {
  const least = all.reduce((sum, [low]) => sum + low, 0);
  const wanted = all.reduce((sum, [, high]) => sum + high, 0);
  if (room >= wanted) return all.map(([, high]) => high);
  const share = wanted > least ? Math.max(0, room - least) / (wanted - least) : 0;
  return all.map(([low, high]) => low + share * (high - low));
}

/** What measures texts as headings are written, in em; by the page's font, as what is drawn first hangs nowhere yet. */
export function ruler() {
  const brush = document.createElement("canvas").getContext("2d");
  const family = getComputedStyle(document.documentElement).getPropertyValue("--ps-font") || "sans-serif";
  brush.font = `600 100px ${family}`;
  return (text) => brush.measureText(text).width / 100;
}
