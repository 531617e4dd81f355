// Numbers as they are written in Chinese and in English; everything here is a plain function of its arguments.
const cache = new Map();

function intl(lang, options) {
  const key = lang + JSON.stringify(options);
  if (!cache.has(key)) cache.set(key, new Intl.NumberFormat(lang === "zh" ? "zh-CN" : "en-GB", options));
  return cache.get(key);
}

export const missing = "–";
/** Up to here numbers are written in full: 27,000 and 9,000 on one axis read better than 2.7万 and 9,000. */
const PLAIN = 1e5;

function absent(value) {
  return value === null || value === undefined || value === "" || Number.isNaN(Number(value));
}

export function number(value, { digits = 0, lang = "zh" } = {}) {
  if (absent(value)) return missing;
  return intl(lang, { minimumFractionDigits: digits, maximumFractionDigits: digits }).format(Number(value) + 0);
}

/** As few decimals as needed, at most two. */
export function free(value, { lang = "zh" } = {}) {
  if (absent(value)) return missing;
  return intl(lang, { maximumFractionDigits: Math.abs(value) >= 100 ? 1 : 2 }).format(Number(value));
}

export function percent(value, { digits = 1, lang = "zh" } = {}) {
  return absent(value) ? missing : `${number(value * 100, { digits, lang })}%`;
}

export function percentFree(value, { lang = "zh" } = {}) {
  return absent(value) ? missing : `${intl(lang, { maximumFractionDigits: 1 }).format(value * 100)}%`;
}

export function signed(value, { digits = 1, lang = "zh" } = {}) {
  if (absent(value)) return missing;
  return intl(lang, { minimumFractionDigits: digits, maximumFractionDigits: digits, signDisplay: "exceptZero" }).format(value);
}

/** In hundred millions or ten thousands from a hundred thousand on; `most`, the largest beside it, sets the unit for all. */
export function compactZh(value, { lang = "zh", most = value } = {}) {
  if (absent(value)) return missing;
  const size = Math.abs(most);
  if (value === 0) return "0";
  if (size >= 1e8) return `${intl(lang, { maximumFractionDigits: 2 }).format(value / 1e8)}亿`;
  if (size >= PLAIN) return `${intl(lang, { maximumFractionDigits: Math.abs(value) >= 1e6 ? 0 : 2 }).format(value / 1e4)}万`;
  return free(value, { lang });
}

export function compact(value, { lang = "zh", most = value } = {}) {
  if (absent(value)) return missing;
  if (lang === "zh") return compactZh(value, { lang, most });
  if (Math.abs(most) < PLAIN) return free(value, { lang });
  return intl("en", { notation: "compact", maximumFractionDigits: 1 }).format(value);
}

export function money(value, { lang = "zh" } = {}) {
  if (absent(value)) return missing;
  return lang === "zh" ? `${compactZh(value)}元` : `${compact(value, { lang })} yuan`;
}

const NAMED = {
  free,
  percent: percentFree,
  percent0: (value, told) => percent(value, { ...told, digits: 0 }),
  percent1: (value, told) => percent(value, { ...told, digits: 1 }),
  compact,
  compact_zh: compactZh,
  points: (value, told) => number(value, { digits: 1, ...told }),
  number,
  money,
  signed,
  // of what is drawn to the left to be told apart, and counts all the same
  magnitude: (value, told) => (absent(value) ? missing : compact(Math.abs(value), told)),
};

/** The formatter of a name out of the registry; extra settings such as digits may come with it. */
export function named(name, lang, told = {}) {
  const format = NAMED[name] ?? free;
  return (asked) => {
    // a label is asked with all that is known of its point, an axis with the number alone
    const value = asked !== null && typeof asked === "object" && !Array.isArray(asked) ? asked.value : asked;
    return format(Array.isArray(value) ? value[value.length - 1] : value, { ...told, lang });
  };
}

/** How a column of a table is written. */
export function cell(column, lang, words) {
  const { kind, digits } = column;
  if (kind === "percent") return (value) => percent(value, { digits, lang });
  if (kind === "signed") return (value) => signed(value, { digits, lang });
  if (kind === "number" || kind === "money") return (value) => number(value, { digits, lang });
  if (kind === "count") return (value) => number(value, { digits: 0, lang });
  if (kind === "flag") return (value) => (value === null ? missing : value ? words.yes : words.no);
  return (value) => (value === null || value === undefined ? missing : String(value));
}

/** A number as people type it: full-width digits, Chinese commas and spaces are taken; anything else is NaN. */
export function typed(text) {
  const plain = text
    .replace(/[\uff01-\uff5e]/g, (sign) => String.fromCharCode(sign.charCodeAt(0) - 0xfee0))
    .replace(/。/g, ".")
    .replace(/[\s,，%]/g, "");
  return plain === "" || !/^[+-]?(\d+\.?\d*|\.\d+)$/.test(plain) ? NaN : Number(plain);
}

/** Columns that a text takes, a Chinese sign being two. */
export function width(text) {
  let sum = 0;
  for (const sign of String(text)) sum += sign.codePointAt(0) > 0x2e80 ? 2 : 1;
  return sum;
}
