// Views, sorting, filtering and the card beside the list. Without this script the page can be read in full.
// It stands in one module after format.js.
const root = document.documentElement;
root.classList.add("js");
const $ = (selector, within = document) => within.querySelector(selector);
const $$ = (selector, within = document) => [...within.querySelectorAll(selector)];

// Address: #view, or #view=orders&text=bolt&card=3 with the state of the list.
const VIEWS = $$("[data-view]").map((view) => view.dataset.view);
const readAddress = () => {
  const hash = location.hash.slice(1);
  return hash.includes("=") ? Object.fromEntries(new URLSearchParams(hash)) : { target: hash };
};
const show = (name) => {
  for (const view of $$("[data-view]")) view.classList.toggle("current", view.dataset.view === name);
  for (const link of $$(".top nav a")) {
    if (link.hash === "#" + name) link.setAttribute("aria-current", "page");
    else link.removeAttribute("aria-current");
  }
};
const currentView = () => $("[data-view].current")?.dataset.view;

// The list of lines.
const source = $("#lines");
const data = source ? JSON.parse(source.textContent) : { lines: 0, columns: {}, words: {}, labels: {} };
const col = data.columns, words = data.words;
// A full page is 200 lines; the first screenful is drawn at once, the rest a frame later.
const PAGE = 200, SCREENFUL = 60;
const UNSORTED = { key: "earns", down: true };
const state = { text: "", supplier: "", location: "", reason: "", flag: "", sort: { ...UNSORTED }, aside: new Set(), card: null };
let matching = Array.from({ length: data.lines }, (_, line) => line);
let running = [];
let drawn = 0;
let budgetLine = -1;
let drawing = 0;

const CODED = { location: "location", supplier: "supplier", ordered: "date" };
const chipsOf = (data.lines ? words.why : []).map((text) => text ? text.split(" ").map((chip) => {
  const at = chip.indexOf(":");
  return { style: chip.slice(0, at), code: chip.slice(at + 1) };
}) : []);
const haystack = data.lines ? col.item.map((item, line) => [item, col.text[line], words.supplier[col.supplier[line]],
  words.location[col.location[line]], words.supplier[col.source[line]]].join("\n").toLowerCase()) : [];

const ranks = {};
const collator = new Intl.Collator("en", { numeric: true });
const rankOf = (key) => {
  // Texts become their place in the alphabet once, so that sorting compares numbers only.
  if (ranks[key]) return ranks[key];
  const texts = key in CODED ? words[CODED[key]] : col[key];
  const order = texts.map((_, place) => place).sort((a, b) => collator.compare(texts[a], texts[b]));
  const place = new Int32Array(texts.length);
  order.forEach((text, position) => { place[text] = position; });
  ranks[key] = key in CODED ? col[key].map((word) => words[CODED[key]][word] === "" ? null : place[word]) : [...place];
  return ranks[key];
};
const sortLines = (lines) => {
  const { key, down } = state.sort;
  if (key === UNSORTED.key && down) return lines.sort((a, b) => a - b);
  const values = key === "item" || key in CODED ? rankOf(key) : col[key];
  const sign = down ? -1 : 1;
  return lines.sort((a, b) => {
    const x = values[a], y = values[b];
    if (x === null || y === null) return (x === null) - (y === null) || a - b;
    return sign * (x - y) || a - b;
  });
};
const hasChip = (line, styles, code) => chipsOf[col.why[line]].some((chip) => styles.includes(chip.style) && chip.code === code);
const filterLines = () => {
  const terms = state.text.toLowerCase().split(/\s+/).filter(Boolean);
  const supplier = words.supplier.indexOf(state.supplier), place = words.location.indexOf(state.location);
  const lines = [];
  for (let line = 0; line < data.lines; line++) {
    if (state.supplier && col.supplier[line] !== supplier) continue;
    if (state.location && col.location[line] !== place) continue;
    if (state.reason && !hasChip(line, ["reason", "kind"], state.reason)) continue;
    if (state.flag && !hasChip(line, ["flag", "guard"], state.flag)) continue;
    if (terms.some((term) => !haystack[line].includes(term))) continue;
    lines.push(line);
  }
  return lines;
};

const drawChip = ({ style, code }) => {
  const label = data.labels[code] ?? code;
  return `<span class="chip ${esc(style)}"${label === code ? "" : ` title="${esc(code)}"`}>${esc(label)}</span>`;
};
const orderText = (line) => `${quantity(col.qty[line])}${HARD}${words.unit[col.unit[line]]}`;
const orderNote = (line) => {
  const parts = [], packs = col.packs[line], base = col.base[line];
  if (packs !== null) parts.push(quantity(packs) + HARD + (packs === 1 ? "pack" : "packs"));
  if (base !== null) parts.push(`=${HARD}${quantity(base)}${HARD}${words.unit[col.baseunit[line]]}`);
  return parts.join(" ");
};
const referenceText = (line) => col.reference[line] === null ? UNKNOWN : quantity(col.reference[line]) + HARD + words.unit[col.baseunit[line]];
const drawRow = (line, position) => {
  // The same row as templates/row.html.j2; a test compares the two.
  const item = esc(col.item[line]), place = esc(words.location[col.location[line]]), from = esc(words.supplier[col.supplier[line]]);
  const error = col.error[line] === null ? "" : "± " + fixed(col.error[line], data.digits);
  const isAside = state.aside.has(line);
  const budget = position === budgetLine ? `<tr class="budget"><td colspan="14">Budget ${fixed(data.budget, data.digits)}${HARD}${esc(unitOfMoney)} is spent here: lines below are not paid in full.</td></tr>` : "";
  return `${budget}<tr data-line="${line}" tabindex="-1"${isAside ? ' class="aside"' : ""}>`
    + `<td class="keep js-only"><input type="checkbox"${isAside ? "" : ' checked=""'} aria-label="Keep ${item} at ${place}"></td>`
    + `<th scope="row" class="item"><a href="#card-${line}"><bdi>${item}</bdi></a><span class="sub"><bdi>${esc(col.text[line])}</bdi></span><span class="sub where"><bdi>${place}</bdi>, <bdi>${from}</bdi></span></th>`
    + `<td class="place"><bdi>${place}</bdi></td><td class="source"><bdi>${from}</bdi></td>`
    + `<td class="num order">${esc(orderText(line))}<span class="sub">${esc(orderNote(line))}</span></td>`
    + `<td class="num cost">${fixed(col.cost[line], data.digits)}</td>`
    + `<td class="num worth">${fixed(col.value[line], data.digits)}<span class="sub">${error}</span></td>`
    + `<td class="num earns">${ratio(col.earns[line])}</td><td class="num running">${fixed(running[position], data.digits)}</td>`
    + `<td class="num risk">${esc(percent(col.without[line]))}<span class="sub">to ${esc(percent(col.with[line]))}</span></td>`
    + `<td class="num cover">${days(col.cover[line])}</td>`
    + `<td class="num dates">${day(words.date[col.ordered[line]], data.year)}<span class="sub">to ${day(words.date[col.arrives[line]], data.year)}</span></td>`
    + `<td class="num reference">${esc(referenceText(line))}</td>`
    + `<td class="why">${chipsOf[col.why[line]].map(drawChip).join("")}</td></tr>`;
};
const unitOfMoney = data.currency === "XXX" ? "units of money" : data.currency;
const moneyText = (value) => fixed(value, data.digits) + HARD + unitOfMoney;

const table = $("#lines-table"), body = table?.tBodies[0], more = $("#more");
const drawTotals = () => {
  let cost = 0, value = 0, kept = 0;
  running = [];
  budgetLine = -1;
  matching.forEach((line, position) => {
    if (!state.aside.has(line)) {
      cost += col.cost[line] ?? 0;
      value += col.value[line] ?? 0;
      kept++;
      if (data.budget !== null && budgetLine < 0 && cost > data.budget + 1e-6) budgetLine = position;
    }
    running.push(cost);
  });
  const numAside = matching.length - kept;
  const parts = [`<b>${matching.length === data.lines ? count(kept, "line") : `${fixed(kept, 0)} of ${count(data.lines, "line")}`}</b>`,
    `<span>cost <b>${esc(moneyText(cost))}</b></span>`, `<span>value <b>${esc(moneyText(value))}</b></span>`];
  if (data.budget !== null) parts.push(`<span>${cost > data.budget ? "over" : "under"} budget by <b>${esc(moneyText(Math.abs(data.budget - cost)))}</b></span>`);
  if (numAside) parts.push(`<span>${fixed(numAside, 0)} set aside</span>`);
  $("#totals").innerHTML = parts.join("");
};
const drawMore = (num = PAGE) => {
  const end = Math.min(drawn + num, matching.length);
  let html = "";
  for (let position = drawn; position < end; position++) html += drawRow(matching[position], position);
  body.insertAdjacentHTML("beforeend", html);
  drawn = end;
  drawPaging();
};
const drawPaging = () => {
  const left = matching.length - drawn;
  if (!matching.length) more.textContent = "No line matches. Clear a filter to see more.";
  else more.innerHTML = left ? `${fixed(drawn, 0)} of ${fixed(matching.length, 0)} lines shown. <button type="button">Show ${fixed(Math.min(PAGE, left), 0)} more</button>` : "";
};
const redraw = () => {
  drawTotals();
  body.replaceChildren();
  drawn = 0;
  drawMore(SCREENFUL);
  markOpen();
  const turn = ++drawing;
  requestAnimationFrame(() => setTimeout(() => {
    if (turn !== drawing || drawn >= PAGE) return;
    drawMore(PAGE - drawn);
    markOpen();
  }));
};
const markHeads = () => {
  for (const head of $$("th[data-key]", table)) {
    if (!head.dataset.key) continue;
    const isSorted = head.dataset.key === state.sort.key;
    head.setAttribute("aria-sort", isSorted ? (state.sort.down ? "descending" : "ascending") : "none");
  }
};
const adopt = () => {
  // The rows in the file are the first page of the unsorted list: they stay as they are.
  drawn = Math.min(PAGE, data.lines);
  drawTotals();
  drawPaging();
  markHeads();
};
const apply = () => {
  if (!body) return;
  matching = sortLines(filterLines());
  markHeads();
  redraw();
};
const writeAddress = () => {
  const query = new URLSearchParams({ view: "orders" });
  for (const key of ["text", "supplier", "location", "reason", "flag"]) if (state[key]) query.set(key, state[key]);
  if (state.sort.key !== UNSORTED.key || !state.sort.down) query.set("sort", (state.sort.down ? "-" : "") + state.sort.key);
  if (state.aside.size) query.set("aside", [...state.aside].sort((a, b) => a - b).join("."));
  if (state.card !== null) query.set("card", state.card);
  const text = [...query.keys()].length > 1 ? "#" + query : "#orders";
  if (location.hash !== text) history.replaceState(null, "", text);
};
const readState = (query) => {
  for (const key of ["text", "supplier", "location", "reason", "flag"]) state[key] = query[key] ?? "";
  const key = (query.sort ?? "").replace(/^-/, "");
  const isKnown = $$("th[data-key]", table ?? root).some((head) => key && head.dataset.key === key);
  state.sort = isKnown ? { key, down: query.sort.startsWith("-") } : { ...UNSORTED };
  state.aside = new Set((query.aside ?? "").split(".").filter(Boolean).map(Number).filter((line) => line < data.lines));
  for (const field of $$(".filters [name]")) field.value = state[field.name];
};

// The card beside the list.
const panel = $("#panel");
const factsOf = (line) => [
  ["Stockout risk", `${percent(col.without[line])} without, ${percent(col.with[line])} with this line`],
  ["Value now", moneyText(col.value[line]) + (col.error[line] === null ? "" : ` ± ${fixed(col.error[line], data.digits)}`)],
  ["Line cost", moneyText(col.cost[line])],
  ["Return", `${ratio(col.earns[line])} per ${data.currency === "XXX" ? "unit of money" : data.currency} spent`],
  ["Cover after", days(col.cover[line]) + " days"],
  ["Reference", referenceText(line)],
];
const shortCard = (line) => {
  // Lines without a full card in the file show what the list knows of them.
  const card = document.createElement("article");
  card.className = "card";
  const name = `${col.item[line]}@${words.location[col.location[line]]}`;
  const facts = factsOf(line).map(([label, value]) => `<div><dt>${label}</dt><dd>${esc(value)}</dd></div>`).join("");
  card.innerHTML = `<h3 tabindex="-1">Order <strong>${esc(orderText(line))}</strong> of <bdi>${esc(col.item[line])}</bdi> for <bdi>${esc(words.location[col.location[line]])}</bdi> from <bdi>${esc(words.supplier[col.supplier[line]])}</bdi>.</h3><p class="muted"><bdi>${esc(col.text[line])}</bdi></p><p class="chips">${chipsOf[col.why[line]].map(drawChip).join("")}</p><dl class="facts">${facts}</dl><section><p>This file holds full cards for the first lines only. For this one: <code>basestock explain <bdi>${esc(name)}</bdi></code></p></section>`;
  return card;
};
const fullCard = (line) => {
  // With script on, the content of noscript is text: it becomes elements only when the card is opened.
  const kept = $(`noscript[data-card="${line}"]`);
  if (!kept) return null;
  const holder = document.createElement("template");
  holder.innerHTML = kept.textContent;
  return $("article", holder.content);
};
const markOpen = () => {
  for (const row of $$("tr.open", body)) row.classList.remove("open");
  if (state.card !== null) $(`tr[data-line="${state.card}"]`, body)?.classList.add("open");
};
const openCard = (line, { focus = true } = {}) => {
  if (!panel || !(line < data.lines)) return;
  state.card = line;
  const card = fullCard(line) ?? shortCard(line);
  const bar = document.createElement("div");
  bar.className = "card-bar";
  const position = matching.indexOf(line);
  bar.innerHTML = `<span>${position < 0 ? "Line outside the filter" : `Line ${fixed(position + 1, 0)} of ${fixed(matching.length, 0)}`}</span><button type="button" data-go="-1">Previous</button><button type="button" data-go="1">Next</button><button type="button" data-go="0">Close</button>`;
  panel.replaceChildren(bar, card);
  panel.hidden = false;
  panel.scrollTop = 0;
  panel.parentElement.classList.add("open");
  markOpen();
  writeAddress();
  if (focus) {
    $("h3", card).focus({ preventScroll: true });
    if (getComputedStyle(panel).position === "static") scrollTo({ top: 0, behavior: "instant" });
  }
};
const closeCard = () => {
  if (state.card === null) return;
  const line = state.card;
  state.card = null;
  panel.hidden = true;
  panel.replaceChildren();
  panel.parentElement.classList.remove("open");
  markOpen();
  writeAddress();
  const row = $(`tr[data-line="${line}"]`, body);
  row?.focus({ preventScroll: true });
  row?.scrollIntoView({ block: "nearest" });
};
const stepCard = (step) => {
  const next = matching[matching.indexOf(state.card) + step];
  if (next === undefined) return;
  while (matching.indexOf(next) >= drawn) drawMore();
  openCard(next, { focus: false });
  $(`tr[data-line="${next}"]`, body)?.scrollIntoView({ block: "nearest" });
};
const toggleAside = (line) => {
  if (state.aside.has(line)) state.aside.delete(line);
  else state.aside.add(line);
  const top = scrollY, wanted = drawn;
  drawTotals();
  body.replaceChildren();
  drawn = 0;
  while (drawn < wanted) drawMore();
  markOpen();
  scrollTo({ top, behavior: "instant" });
  writeAddress();
};

// What is kept and shown, as a file.
const csvCell = (value) => {
  let text = value === null ? "" : String(value);
  if (typeof value === "string" && /^[=+\-@\t\r]/.test(text)) text = "'" + text;
  return /[",\n\r]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
};
const csvText = () => {
  const head = "proposal_id,kind,item_id,location_id,source_id,order_date,order_qty,order_uom,line_cost,currency";
  const rows = matching.filter((line) => !state.aside.has(line)).map((line) => [col.id[line], words.kind[col.kind[line]], col.item[line],
    words.location[col.location[line]], words.supplier[col.source[line]], words.date[col.ordered[line]], col.qty[line],
    words.unit[col.unit[line]], col.cost[line], data.currency].map(csvCell).join(","));
  return [head, ...rows].join("\r\n") + "\r\n";
};
const download = () => {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob([csvText()], { type: "text/csv" }));
  link.download = "orders-kept.csv";
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 1000);
};

// Exceptions by family.
const showFamily = (family) => {
  for (const item of $$(".exceptions li")) item.hidden = Boolean(family) && item.dataset.family !== family;
  for (const row of $$(".families tr[data-family]")) row.classList.toggle("open", row.dataset.family === family && Boolean(family));
};

// Definitions in place.
const popover = $("#definition");
const define = (link) => {
  const entry = document.getElementById(link.hash.slice(1));
  if (!entry || !popover.showPopover) return false;
  popover.innerHTML = `<dl>${entry.innerHTML}</dl><p><a href="#definitions">All definitions</a></p>`;
  popover.showPopover();
  popover.focus({ preventScroll: true });
  const at = link.getBoundingClientRect(), size = popover.getBoundingClientRect();
  popover.style.left = Math.max(12, Math.min(at.left, innerWidth - size.width - 12)) + "px";
  popover.style.top = (at.bottom + size.height + 12 < innerHeight ? at.bottom + 6 : Math.max(12, at.top - size.height - 6)) + "px";
  return true;
};

const goTo = () => {
  const address = readAddress();
  if (address.view && VIEWS.includes(address.view)) {
    show(address.view);
    readState(address);
    apply();
    if (address.card) openCard(Number(address.card), { focus: false });
    return;
  }
  const target = address.target || VIEWS[0];
  const card = /^card-(\d+)$/.exec(target);
  if (card && panel) {
    show("orders");
    openCard(Number(card[1]));
    return;
  }
  const element = document.getElementById(target);
  const view = element?.closest("[data-view]")?.dataset.view ?? VIEWS[0];
  show(view);
  if (view === "exceptions") showFamily(element.dataset.family ?? "");
  if (element && element.dataset.view === undefined) {
    if (element.matches("details")) element.open = true;
    element.scrollIntoView({ block: "center" });
    if (element.matches("[tabindex]")) element.focus({ preventScroll: true });
  } else if (element) scrollTo({ top: 0, behavior: "instant" });
  if (target === "orders" && body) writeAddress();
};

const fillOptions = () => {
  const num = (key) => col[key].reduce((totals, word) => { totals[word] = (totals[word] ?? 0) + 1; return totals; }, {});
  const add = (name, entries) => {
    const select = $(`.filters [name="${name}"]`);
    for (const [value, label, times] of entries) select.append(new Option(`${label} (${fixed(times, 0)})`, value));
    select.closest("label").hidden = entries.length === 0;
  };
  for (const key of ["supplier", "location"]) {
    add(key, Object.entries(num(key)).map(([word, times]) => [words[key][word], words[key][word], times])
      .sort((a, b) => collator.compare(a[0], b[0])));
  }
  const byCode = (styles) => {
    const totals = new Map();
    const perWhy = num("why");
    chipsOf.forEach((chips, why) => {
      for (const code of new Set(chips.filter((chip) => styles.includes(chip.style)).map((chip) => chip.code))) totals.set(code, (totals.get(code) ?? 0) + (perWhy[why] ?? 0));
    });
    return [...totals].map(([code, times]) => [code, data.labels[code] ?? code, times]).sort((a, b) => b[2] - a[2] || collator.compare(a[1], b[1]));
  };
  add("reason", byCode(["reason", "kind"]));
  add("flag", byCode(["flag", "guard"]));
};
const makeButton = (holder, action) => {
  const button = document.createElement("button");
  button.type = "button";
  button.append(...holder.childNodes);
  holder.append(button);
  button.addEventListener("click", action);
};
const makeSortable = () => {
  for (const head of $$("th[data-key]", table)) {
    if (!head.dataset.key) continue;
    makeButton($(".label", head), () => {
      const key = head.dataset.key, isText = key === "item" || key in CODED;
      state.sort = state.sort.key === key ? { key, down: !state.sort.down } : { key, down: !isText };
      apply();
      writeAddress();
    });
  }
};
const rowsHere = () => $$(currentView() === "exceptions" ? ".exceptions li:not([hidden])" : "tr[data-line]", $(".view.current") ?? root);
const moveRow = (step) => {
  if (state.card !== null && currentView() === "orders") { stepCard(step); return; }
  const rows = rowsHere(), at = rows.findIndex((row) => row.contains(document.activeElement));
  const row = rows[Math.max(0, Math.min(rows.length - 1, at < 0 ? 0 : at + step))];
  row?.focus({ preventScroll: true });
  row?.scrollIntoView({ block: "nearest" });
};
const activeLine = () => {
  if (currentView() !== "orders") return null;
  const row = document.activeElement?.closest?.("tr[data-line]");
  return row ? Number(row.dataset.line) : state.card;
};
const KEYS = {
  j: () => moveRow(1),
  k: () => moveRow(-1),
  x: () => {
    const line = activeLine();
    if (line === null) return;
    const hadRow = document.activeElement?.closest?.("tr[data-line]");
    toggleAside(line);
    if (hadRow) $(`tr[data-line="${line}"]`, body)?.focus({ preventScroll: true });
  },
  "/": () => {
    if (currentView() !== "orders") location.hash = "orders";
    show("orders");
    $(".filters [name=text]")?.focus();
  },
  Enter: () => {
    const row = document.activeElement;
    if (row?.matches?.("tr[data-line]")) openCard(Number(row.dataset.line));
    else if (row?.matches?.(".exceptions li")) $("a", row)?.click();
  },
};

if (body) {
  fillOptions();
  makeSortable();
  adopt();
  const filters = $(".filters");
  filters.addEventListener("input", () => {
    for (const field of $$("[name]", filters)) state[field.name] = field.value;
    apply();
    writeAddress();
  });
  filters.addEventListener("submit", (event) => event.preventDefault());
  filters.addEventListener("reset", () => {
    readState({});
    apply();
    writeAddress();
  });
  $("#download").addEventListener("click", download);
  more.addEventListener("click", (event) => { if (event.target.closest("button")) drawMore(); });
  body.addEventListener("change", (event) => {
    const line = Number(event.target.closest("tr").dataset.line);
    toggleAside(line);
    $(`tr[data-line="${line}"] input`, body)?.focus({ preventScroll: true });
  });
  body.addEventListener("click", (event) => {
    const row = event.target.closest("tr[data-line]");
    if (!row || event.target.closest("input, .keep") || getSelection().toString()) return;
    event.preventDefault();
    openCard(Number(row.dataset.line));
  });
  panel.addEventListener("click", (event) => {
    const go = event.target.closest("[data-go]")?.dataset.go;
    if (go === "0") closeCard();
    else if (go) {
      stepCard(Number(go));
      $(`[data-go="${go}"]`, panel)?.focus();
    }
  });
}
for (const row of $$(".families tr[data-family]")) makeButton($("th", row), () => showFamily(row.dataset.family));
for (const name of $$("[data-supplier]")) {
  makeButton(name, () => {
    $(".filters [name=supplier]").value = state.supplier = name.dataset.supplier;
    apply();
    writeAddress();
  });
}
document.addEventListener("click", (event) => {
  const link = event.target.closest("a.define");
  if (link && define(link)) event.preventDefault();
  else if (event.target.closest("#definition a")) popover.hidePopover();
  const nav = event.target.closest("a[href^='#']");
  // A second click on the address already shown fires no hashchange.
  if (nav && !link && nav.hash === location.hash) goTo();
});
document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  if (event.key === "Escape" && popover.showPopover && popover.matches(":popover-open")) return;
  if (event.key === "Escape" && state.card !== null && !event.target.matches("input[type=search], select")) { closeCard(); return; }
  if (event.target.matches("input, select, textarea, button, a, summary") && event.key === "Enter") return;
  if (event.target.matches("input[type=search], select, textarea") || $("#shortcuts")?.checked === false) return;
  const action = KEYS[event.key];
  if (action && VIEWS.length) { event.preventDefault(); action(); }
});
addEventListener("hashchange", goTo);
if (VIEWS.length) goTo();
