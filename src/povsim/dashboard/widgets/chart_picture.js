// A picture of a chart at twice the size, with its title and note, on the page's own background.
import { colours } from "./chart_themes.js";
import { save } from "./saving.js";

const RATIO = 2;
const EDGE = 20;

function broken(pen, text, most) {
  const rows = [];
  let row = "";
  for (const sign of text) {
    if (sign === "\n" || pen.measureText(row + sign).width > most) {
      rows.push(row);
      row = "";
    }
    if (sign !== "\n") row += sign;
  }
  return row ? [...rows, row] : rows;
}

function write(pen, rows, top, height) {
  rows.forEach((row, place) => pen.fillText(row, EDGE, top + place * height));
}

export function picture(chart, { title, note, dark, font }) {
  const tones = colours(dark);
  const drawn = chart.renderToCanvas({ pixelRatio: RATIO, backgroundColor: tones.surface });
  const wide = drawn.width / RATIO + 2 * EDGE;
  const sheet = document.createElement("canvas");
  const pen = sheet.getContext("2d");
  const fonts = { title: `600 18px ${font}`, note: `12px ${font}` };
  pen.font = fonts.title;
  const heads = broken(pen, title, wide - 2 * EDGE);
  pen.font = fonts.note;
  const feet = broken(pen, note, wide - 2 * EDGE);
  const top = EDGE + heads.length * 26 + 6;
  const high = top + drawn.height / RATIO + (feet.length ? feet.length * 18 + 8 : 0) + EDGE / 2;
  sheet.width = wide * RATIO;
  sheet.height = high * RATIO;
  pen.scale(RATIO, RATIO);
  pen.fillStyle = tones.surface;
  pen.fillRect(0, 0, wide, high);
  pen.textBaseline = "top";
  pen.fillStyle = tones.text;
  pen.font = fonts.title;
  write(pen, heads, EDGE, 26);
  pen.drawImage(drawn, EDGE, top, drawn.width / RATIO, drawn.height / RATIO);
  pen.fillStyle = tones.soft;
  pen.font = fonts.note;
  write(pen, feet, top + drawn.height / RATIO + 8, 18);
  return sheet;
}

export function savePicture(chart, name, told) {
  picture(chart, told).toBlob((blob) => save(`${name}.png`, blob), "image/png");
}
