// How rows write numbers and text: the same rules as numbers.py.
const THIN = "\u202f", MINUS = "\u2212", UNKNOWN = "\u2013", HARD = "\u00a0";
const MONTHS = "Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec".split(" ");
const fixed = (value, decimals) => {
  if (value === null) return UNKNOWN;
  const text = Math.abs(value).toFixed(decimals);
  const [whole, rest] = text.split(".");
  const grouped = whole.replace(/\B(?=(\d{3})+$)/g, THIN) + (rest ? "." + rest : "");
  return (value < 0 && /[1-9]/.test(text) ? MINUS : "") + grouped;
};
const quantity = (value) => {
  const text = fixed(value, 3);
  return text.includes(".") ? text.replace(/0+$/, "").replace(/\.$/, "") : text;
};
const percent = (value) => {
  if (value === null) return UNKNOWN;
  if (value > 0 && value < 0.01) return "<1" + HARD + "%";
  if (value > 0.99 && value < 1) return ">99" + HARD + "%";
  return fixed(value * 100, 0) + HARD + "%";
};
const ratio = (value) => fixed(value, value !== null && Math.abs(value) < 0.1 ? 3 : 2);
const days = (value) => value !== null && value >= 999 ? "999+" : fixed(value, value !== null && Math.abs(value) < 10 ? 1 : 0);
const day = (iso, year) => {
  if (!iso) return UNKNOWN;
  const [y, m, d] = iso.split("-").map(Number);
  return d + HARD + MONTHS[m - 1] + (y === year ? "" : HARD + y);
};
const count = (value, noun) => `${fixed(value, 0)} ${noun}${value === 1 ? "" : "s"}`;
const ENTITIES = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&#34;", "'": "&#39;" };
// Control characters have no glyph; their pictures show that something is there.
const esc = (text) => String(text)
  .replace(/[\u0000-\u0008\u000b\u000c\u000e-\u001f]/g, (c) => String.fromCharCode(0x2400 + c.charCodeAt(0)))
  .replace(/\u007f/g, "\u2421").replace(/[&<>"']/g, (c) => ENTITIES[c]);
