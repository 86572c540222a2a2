// Draws what kb/screens/paper.py describes. Every string becomes a text node; tags and attributes come from closed
// lists; there is no innerHTML, no href but to our own pages, and nothing is fetched.

const TAGS = new Set(("div span p h1 h2 h3 h4 section article header footer nav main aside ul ol li dl dt dd strong em " +
  "small mark code pre table thead tbody tr th td time kbd").split(" "));
const ATTRIBUTES = { id: "id", title: "title", role: "role", lang: "lang", label: "aria-label", live: "aria-live",
  current: "aria-current", hidden: "aria-hidden", colspan: "colspan", card: "data-card" };
const SVG = "http://www.w3.org/2000/svg";
const drawn = new WeakMap();

// Characters that turn the reading direction or a line's order, and controls, are seen; those without width are left out.
const TURNS = /[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f-\u0084\u0086-\u009f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069\ufff9-\ufffb]/g;
const UNSEEN = /[\u180e\u200b\u2060-\u2065\u206a-\u206f\ufeff]|\udb40[\udc00-\udc7f]/g;

function shown(text) {
  return String(text).replace(TURNS, "\ufffd").replace(UNSEEN, "");
}

export default function ({ data, parentElement, setTriggerValue }) {
  let sheet = drawn.get(parentElement);
  if (!sheet || !sheet.root.isConnected) {
    const root = document.createElement("div");
    root.className = "sb";
    parentElement.appendChild(root);
    sheet = { root, text: null };
    drawn.set(parentElement, sheet);
  }
  sheet.send = setTriggerValue;
  if (sheet.data !== data) {
    sheet.data = data;
    answered(sheet);
  }
  const text = JSON.stringify(data.nodes);
  if (text !== sheet.text) {
    const first = sheet.text === null;
    sheet.text = text;
    redraw(sheet, data.nodes, first);
  }
  listen();
}

function redraw(sheet, nodes, first) {
  const { root } = sheet;
  const kept = first ? null : remember(root);
  root.replaceChildren(...nodes.map((node) => make(sheet, node)));
  if (kept) restore(root, kept);
  const wanting = root.querySelector("[data-focus]");
  if (first && wanting && !editing(document.activeElement)) wanting.focus({ preventScroll: true });
}

// What the reader had opened, typed and focused survives a redraw.
function remember(root) {
  const open = new Map(), typed = new Map(), ticked = new Set();
  root.querySelectorAll("details[data-name]").forEach((d) => open.set(d.dataset.name, d.open));
  root.querySelectorAll("[data-given]").forEach((f) => {
    if (f.value !== f.dataset.given) typed.set(f.dataset.path, [f.dataset.given, f.value]);
  });
  root.querySelectorAll("input[type=checkbox]").forEach((tick) => {
    if (tick.checked) ticked.add(tick.dataset.path);
  });
  const here = document.activeElement, mine = root.contains(here);
  return { open, typed, ticked, focus: mine ? here.dataset.path : null, grabbed: root.querySelector("[data-grab]")?.dataset.path,
    card: mine ? here.closest(".sb-queue [data-card]")?.dataset.path : null };
}

function restore(root, { open, typed, ticked, focus, card, grabbed }) {
  root.querySelectorAll("details[data-name]").forEach((d) => {
    if (open.has(d.dataset.name)) d.open = open.get(d.dataset.name);
  });
  root.querySelectorAll("[data-path]").forEach((f) => {
    const was = typed.get(f.dataset.path);
    if (was && was[0] === f.dataset.given) f.value = was[1];
    if (ticked.has(f.dataset.path)) f.checked = true;
    if (f.dataset.grows) grow(f);
    if (focus && f.dataset.path === focus) {
      f.focus({ preventScroll: true });
      if (f.dataset.card) f.scrollIntoView({ block: "nearest" });
    }
  });
  // A button that is gone leaves the focus to its card; a form that just opened takes it.
  if (card && !root.contains(document.activeElement)) {
    root.querySelector(`[data-path="${CSS.escape(card)}"]`)?.focus({ preventScroll: true });
  }
  const grabbing = root.querySelector("[data-grab]");
  if (grabbing && grabbing.dataset.path !== grabbed) {
    grabbing.focus({ preventScroll: true });
    grabbing.closest("[data-card]")?.scrollIntoView({ block: "nearest" });
  }
}

function make(sheet, node) {
  if (node === null || node === undefined) return document.createTextNode("");
  if (Array.isArray(node)) {
    const parts = document.createDocumentFragment();
    parts.append(...node.map((part) => make(sheet, part)));
    return parts;
  }
  if (typeof node !== "object") return document.createTextNode(shown(node));
  const special = SPECIAL[node.x];
  return special ? special(sheet, node) : element(sheet, node);
}

function element(sheet, node) {
  const made = document.createElement(TAGS.has(node.t) ? node.t : "span");
  dress(made, node);
  for (const [name, value] of Object.entries(node.a || {})) {
    if (ATTRIBUTES[name]) made.setAttribute(ATTRIBUTES[name], shown(value));
  }
  if (made.dataset.card !== undefined) {
    made.tabIndex = 0;
    made.dataset.path = `card:${made.dataset.card}`;
  }
  fill(sheet, made, node);
  return made;
}

function dress(made, node) {
  made.className = String(node.c || "").split(/\s+/).filter(Boolean).map((name) => `sb-${name}`).join(" ");
}

function fill(sheet, made, node) {
  for (const child of node.k || []) made.append(make(sheet, child));
}

// One word at a time: what a reader presses meanwhile waits, or the server would forget the first for the second.
function tell(sheet, what, value) {
  if (sheet.waits && what === "act") {
    sheet.later.push([what, value]);
    return;
  }
  sheet.later = sheet.later || [];
  sheet.root.classList.add("sb-busy");
  clearTimeout(sheet.waits);
  sheet.waits = setTimeout(() => answered(sheet), 8000);
  sheet.send(what, value);
}

function answered(sheet) {
  clearTimeout(sheet.waits);
  sheet.waits = null;
  sheet.root.classList.remove("sb-busy");
  const next = sheet.later?.shift();
  if (next) tell(sheet, ...next);
}

// A link that is pressed while its page is being replaced is heard by nobody: then it is pressed again on the new page.
function insist(sheet, made) {
  const page = document.documentElement.dataset, mine = `${made.dataset.path} ${performance.now()}`;
  let left = 30;
  page.sbPressed = mine;
  const waiting = setInterval(() => {
    if (page.sbPressed !== mine || made.pathname === location.pathname) clearInterval(waiting);
    else if ((left -= 1) <= 0) {
      clearInterval(waiting);
      if (sheet.root.isConnected) return;
      const same = [...document.querySelectorAll("a[data-path]")].find((one) => one.dataset.path === made.dataset.path);
      if (same) same.click();
      else location.assign(made.href);
    }
  }, 100);
}

const SPECIAL = {
  link(sheet, node) {
    const made = document.createElement("a");
    dress(made, node);
    const query = new URLSearchParams(node.where).toString();
    made.href = base() + (node.page === "search" ? "" : encodeURIComponent(node.page)) + (query ? "?" + query : "");
    made.dataset.path = `go:${node.page}?${query}`;
    if (node.current) made.setAttribute("aria-current", "page");
    fill(sheet, made, node);
    made.addEventListener("click", (event) => {
      if (event.ctrlKey || event.metaKey || event.shiftKey || event.button) return;
      event.preventDefault();
      tell(sheet, "go", { page: node.page, where: node.where });
      insist(sheet, made);
      document.querySelector('[data-testid="stMain"]')?.scrollTo(0, 0);
    });
    return made;
  },
  // The way to the sign-in page, or out: the only address and the only form here that Streamlit does not handle.
  door(sheet, node) {
    const made = document.createElement(node.out ? "form" : "a");
    dress(made, node);
    if (!node.out) {
      made.classList.add("sb-button");
      made.href = base() + "sign-in";
      fill(sheet, made, node);
      return made;
    }
    made.method = "post";
    made.action = base() + "sign-out";
    const press = document.createElement("button");
    press.className = "sb-button sb-bare sb-little";
    fill(sheet, press, node);
    made.append(press);
    return made;
  },
  act(sheet, node) {
    const made = pressable(sheet, node);
    made.dataset.path = `act:${node.name}:${JSON.stringify(node.value)}`;
    made.addEventListener("click", () => {
      if (node.next) onwards(made.closest("[data-card]"));
      tell(sheet, "act", { ...node.value, name: node.name });
    });
    if (node.off) switchOff(made, node.off);
    return made;
  },
  copy(sheet, node) {
    const made = pressable(sheet, node);
    const words = made.firstChild;
    made.addEventListener("click", async () => {
      const done = await copied(node.here ? location.href : node.text);
      const before = words.textContent;
      words.textContent = done ? "Copied" : "Copying is blocked here";
      setTimeout(() => { words.textContent = before; }, 1600);
    });
    return made;
  },
  form(sheet, node) {
    const made = document.createElement("form");
    dress(made, node);
    made.noValidate = true;
    fill(sheet, made, node);
    // Many cards have the same form: each field keeps what was typed into it under a name of its own.
    const mine = Object.keys(node.value).length ? JSON.stringify(node.value) : "";
    if (mine) made.querySelectorAll("[data-given]").forEach((f) => { f.dataset.path = `field:${node.name}${mine}${f.name}`; });
    made.addEventListener("submit", (event) => {
      event.preventDefault();
      tell(sheet, "act", { ...Object.fromEntries(new FormData(made)), ...node.value, name: node.name });
    });
    if (node.off) made.querySelectorAll("button, input, textarea, select").forEach((part) => switchOff(part, node.off));
    return made;
  },
  submit(sheet, node) {
    const made = pressable(sheet, node);
    made.type = "submit";
    return made;
  },
  field(sheet, node) {
    const around = document.createElement("label");
    around.className = `sb-field sb-field-${node.kind}` + (node.quiet ? " sb-quiet" : "");
    const words = document.createElement("span");
    words.className = node.hide ? "sb-unseen" : "sb-label";
    words.textContent = shown(node.label);
    const input = node.kind === "choice" ? chooser(node) : typed(node);
    input.name = node.name;
    input.dataset.given = node.value;
    input.dataset.path = `field:${node.name}`;
    if (node.focus) input.dataset.focus = "1";
    if (node.grab) input.dataset.grab = "1";
    if (node.sends) input.addEventListener("change", () => input.form?.requestSubmit());
    around.append(words, input);
    return around;
  },
  fold(sheet, node) {
    const made = document.createElement("details");
    dress(made, node);
    made.open = Boolean(node.opened);
    if (node.name) made.dataset.name = node.name;
    const head = document.createElement("summary");
    head.append(make(sheet, node.head));
    head.dataset.path = `fold:${node.name || ""}`;
    if (node.key) {
      head.dataset.key = node.key;
      if (node.into) head.append(keyed(node.key));
    }
    made.append(head);
    fill(sheet, made, node);
    if (node.into) {
      head.addEventListener("click", () => {
        if (!made.open) requestAnimationFrame(() => made.querySelector("input, textarea")?.focus());
      });
      made.addEventListener("keydown", (event) => {
        if (event.key !== "Escape" || !made.open) return;
        made.open = false;
        head.focus();
      });
    }
    return made;
  },
  tick(sheet, node) {
    const made = document.createElement("label");
    dress(made, node);
    made.classList.add("sb-tick");
    const box = document.createElement("input");
    box.type = "checkbox";
    box.dataset.path = `tick:${node.name}`;
    const words = document.createElement("span");
    fill(sheet, words, node);
    made.append(box, words);
    return made;
  },
  // Counts as bars; where a band is given, what was to be expected of each lies behind them.
  bars(sheet, node) {
    const band = node.band || [];
    const most = Math.max(1, ...node.v.map(([, count]) => count), ...band.map((one) => (one ? one[1] : 0)));
    const wide = node.v.length * 10, high = 100, at = (count) => high - (count / most) * high;
    const picture = svg("svg", { viewBox: `0 0 ${wide} ${high}`, preserveAspectRatio: "none", role: "img" });
    picture.setAttribute("aria-label", shown(node.label));
    picture.setAttribute("class", "sb-chart");
    expected(picture, band, at);
    node.v.forEach(([words, count], place) => {
      const tall = count ? Math.max(3, (count / most) * high) : 0;
      const slot = svg("g", {});
      const name = svg("title", {});
      name.textContent = shown(words);
      const over = band[place] && count > band[place][1];
      slot.append(name, svg("rect", { x: place * 10, y: 0, width: 10, height: high, class: "sb-slot" }),
        svg("rect", { x: place * 10 + 1, y: high - tall, width: 8, height: tall, class: over ? "sb-bar sb-over" : "sb-bar" }));
      picture.append(slot);
    });
    const around = document.createElement("div");
    dress(around, node);
    around.append(picture);
    if (node.marks.length) {
      const below = document.createElement("div");
      below.className = "sb-marks";
      node.marks.forEach((mark) => {
        const word = document.createElement("span");
        word.textContent = shown(node.v[mark][0].split(":")[0]);
        below.append(word);
      });
      around.append(below);
    }
    return around;
  },
  // Areas in a unit square, each a link: [x, y, width, height], a look, and lines of words that are cut where they do not fit.
  tiles(sheet, node) {
    const around = document.createElement("div");
    dress(around, node);
    around.setAttribute("role", "list");
    around.setAttribute("aria-label", shown(node.label));
    node.v.forEach((one) => {
      const tile = one.where ? SPECIAL.link(sheet, { page: one.page, where: one.where, k: [] }) : document.createElement("span");
      tile.className = `sb-tile sb-tone-${String(one.tone).replace(/\W/g, "")}${one.tight ? " sb-tight" : ""}`;
      const [x, y, wide, high] = one.at;
      Object.assign(tile.style, { left: `${x * 100}%`, top: `${y * 100}%`, width: `${wide * 100}%`, height: `${high * 100}%` });
      tile.title = shown(one.words);
      one.lines.forEach((line, place) => {
        const words = document.createElement("span");
        words.textContent = shown(line);
        if (!place) words.style.webkitLineClamp = String(one.clamp);
        tile.append(words);
      });
      const item = document.createElement("div");
      item.setAttribute("role", "listitem");
      item.append(tile);
      around.append(item);
    });
    return around;
  },
  // A row of small squares, stronger for more: [words, share of the most in [0, 1], whether it stands out].
  strip(sheet, node) {
    const picture = svg("svg", { viewBox: `0 0 ${node.v.length * 10} 10`, preserveAspectRatio: "none", role: "img" });
    picture.setAttribute("aria-label", shown(node.label));
    node.v.forEach(([words, share, out], place) => {
      const cell = svg("rect", { x: place * 10 + 0.6, y: 0, width: 8.8, height: 10, class: out ? "sb-cell sb-over" : "sb-cell" });
      if (share > 0) cell.style.fillOpacity = String(Math.max(out ? 0.6 : 0, 0.2 + 0.8 * Math.sqrt(share)));
      else cell.setAttribute("class", "sb-cell sb-none");
      const name = svg("title", {});
      name.textContent = shown(words);
      cell.append(name);
      picture.append(cell);
    });
    const around = document.createElement("div");
    dress(around, node);
    around.append(picture);
    return around;
  },
  // A small chart of our own figures: lines, bands and points in a unit square; a point may lead to a page.
  plot(sheet, node) {
    const wide = 320, high = 200, left = 34, low = 24, at = ([x, y]) => [left + x * (wide - left - 8), 8 + (1 - y) * (high - low - 8)];
    const picture = svg("svg", { viewBox: `0 0 ${wide} ${high}`, role: "img" });
    picture.setAttribute("aria-label", shown(node.label));
    const write = (x, y, words, anchor, name) => {
      const text = svg("text", { x, y, "text-anchor": anchor, class: name || "sb-tick" });
      text.textContent = shown(words);
      picture.append(text);
    };
    node.xs.forEach(([x, words]) => write(at([x, 0])[0], high - 8, words, "middle"));
    node.ys.forEach(([y, words]) => {
      const [x0, y0] = at([0, y]), [x1] = at([1, y]);
      picture.append(svg("line", { x1: x0, y1: y0, x2: x1, y2: y0, class: "sb-grid" }));
      write(left - 6, y0 + 4, words, "end");
    });
    const path = (points) => points.map((point) => at(point).map((n) => n.toFixed(1)).join(",")).join(" ");
    node.bands.forEach((points) => picture.append(svg("polygon", { points: path(points), class: "sb-band" })));
    node.lines.forEach(([name, points]) => picture.append(svg("polyline", { points: path(points), class: `sb-line sb-${name}` })));
    node.points.forEach((point) => {
      const [cx, cy] = at([point.x, point.y]);
      const dot = svg("circle", { cx, cy, r: point.size || 4, class: `sb-point sb-${point.look || "plain"}` });
      const name = svg("title", {});
      name.textContent = shown(point.words);
      dot.append(name);
      if (!point.where) { picture.append(dot); return; }
      const link = svg("g", { role: "link", tabindex: "0", class: "sb-leads" });
      link.setAttribute("aria-label", shown(point.words));
      const go = () => tell(sheet, "go", { page: point.page, where: point.where });
      link.addEventListener("click", go);
      link.addEventListener("keydown", (event) => { if (event.key === "Enter") go(); });
      link.append(svg("circle", { cx, cy, r: 10, class: "sb-slot" }), dot);
      picture.append(link);
    });
    const around = document.createElement("div");
    dress(around, node);
    around.append(picture);
    return around;
  },
  meter(sheet, node) {
    const made = document.createElement("span");
    dress(made, node);
    made.classList.add("sb-meter");
    const filled = document.createElement("span");
    filled.style.width = `${Math.round(node.v * 100)}%`;
    made.append(filled);
    return made;
  },
};

// The band and the line of what was to be expected; weeks of which nothing was break both.
function expected(picture, band, at) {
  let run = [];
  const draw = () => {
    if (run.length) {
      const edge = (side) => run.flatMap(([place, one]) => [[place * 10, at(one[side])], [place * 10 + 10, at(one[side])]]);
      const path = (points) => points.map((point) => point.map((n) => n.toFixed(1)).join(",")).join(" ");
      picture.append(svg("polygon", { points: path([...edge(0), ...edge(1).reverse()]), class: "sb-band" }),
        svg("polyline", { points: path(edge(2)), class: "sb-mean" }));
    }
    run = [];
  };
  band.forEach((one, place) => { if (one) run.push([place, one]); else draw(); });
  draw();
}

// What the reader's role does not allow: seen, explained, and not to be pressed.
function switchOff(made, why) {
  made.disabled = true;
  made.title = why;
  delete made.dataset.key;
  delete made.dataset.anywhere;
  made.querySelector("kbd")?.remove();
}

function pressable(sheet, node) {
  const made = document.createElement("button");
  dress(made, node);
  made.classList.add("sb-button");
  made.type = "button";
  if (node.title) made.title = shown(node.title);
  const words = document.createElement("span");
  fill(sheet, words, node);
  made.append(words);
  if (node.pressed !== undefined) made.setAttribute("aria-pressed", String(Boolean(node.pressed)));
  if (node.key) {
    made.dataset.key = node.key;
    if (node.anywhere) made.dataset.anywhere = node.key;
    made.append(keyed(node.key));
  }
  return made;
}

function keyed(name) {
  const key = document.createElement("kbd");
  key.textContent = shown(name);
  return key;
}

function typed(node) {
  const long = node.kind === "ask" || node.kind === "area";
  const input = document.createElement(long ? "textarea" : "input");
  if (!long) input.type = node.kind === "date" ? "date" : "text";
  if (node.hint) input.placeholder = node.hint;
  if (node.most) input.maxLength = node.most;
  input.value = node.value;
  input.autocomplete = "off";
  if (long) {
    input.rows = node.kind === "ask" ? 1 : 5;
    input.spellcheck = false;
    input.dataset.grows = "1";
    input.addEventListener("input", () => grow(input));
    requestAnimationFrame(() => grow(input));
  }
  if (node.kind === "ask") {
    input.addEventListener("keydown", (event) => {
      if (event.key === "Enter" && !event.shiftKey && !event.isComposing) {
        event.preventDefault();
        input.form?.requestSubmit();
      } else if (event.key === "Escape") {
        input.blur();
      }
    });
  } else if (node.kind === "area") {
    input.addEventListener("keydown", (event) => {
      if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) input.form?.requestSubmit();
    });
  }
  return input;
}

function chooser(node) {
  const input = document.createElement("select");
  for (const [value, words] of node.options) {
    const option = document.createElement("option");
    option.value = value;
    option.textContent = shown(words);
    option.selected = value === node.value;
    input.append(option);
  }
  return input;
}

function grow(input) {
  input.style.height = "auto";
  input.style.height = `${Math.min(input.scrollHeight + 2, 260)}px`;
}

function svg(tag, attributes) {
  const made = document.createElementNS(SVG, tag);
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  return made;
}

async function copied(text) {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    return false;
  }
}

// The folder the app lives in: "/" unless it is served under a path of its own.
function base() {
  const folder = location.pathname.replace(/\/+$/, "").split("/");
  if (["search", "triage", "patterns", "problems", "knowledge", "reports", "models", "desk", "import", "access", "privacy", "integrations", "audit", "enter"].includes(folder[folder.length - 1])) folder.pop();
  return folder.join("/") + "/";
}

function editing(node) {
  return Boolean(node && (node.isContentEditable || /^(INPUT|TEXTAREA|SELECT)$/.test(node.tagName)));
}

// From a card that is answered to the next one that is not.
function onwards(card) {
  const cards = [...document.querySelectorAll(".sb [data-card]:not(.sb-done)")];
  const next = cards[cards.indexOf(card) + 1];
  if (card?.contains(document.activeElement) && next) walk(next);
}

function walk(card) {
  card.focus({ preventScroll: true });
  card.scrollIntoView({ block: "nearest", behavior: "smooth" });
}

// What a key means on a card: the arrows walk as j and k do, Enter asks why.
function meant(event, here) {
  if (!here || event.target !== here) return event.key;
  return { ArrowDown: "j", ArrowUp: "k", Enter: "e" }[event.key] || event.key;
}

// "/" goes to the question, j and k walk the cards, and a card's buttons have a key of their own. This file is served
// under two names and so runs twice; the page keeps the note that somebody listens.
function listen() {
  const page = document.documentElement.dataset;
  if (page.sbListens) return;
  page.sbListens = "yes";
  addEventListener("popstate", () => { page.sbPressed = ""; });  // who went back does not want to be there any more
  document.addEventListener("keydown", (event) => {
    const here = event.target instanceof Element ? event.target.closest("[data-card]") : null;
    if (event.key === "Escape" && here && editing(event.target)) here.focus({ preventScroll: true });
    if (event.ctrlKey || event.metaKey || event.altKey || editing(event.target)) return;
    const key = meant(event, here);
    if (key === "/") {
      const question = document.querySelector(".sb [data-focus]");
      event.preventDefault();
      if (question) { question.focus(); question.select(); } else document.querySelector(".sb-top .sb-name")?.click();
    } else if (key === "j" || key === "k") {
      const cards = [...document.querySelectorAll(".sb [data-card]")];
      const next = cards[Math.min(cards.length - 1, Math.max(0, cards.indexOf(here) + (key === "j" ? 1 : -1)))];
      if (next) { event.preventDefault(); walk(next); }
    } else {
      const name = CSS.escape(key);
      const button = here?.querySelector(`[data-key="${name}"]`) || document.querySelector(`.sb [data-anywhere="${name}"]`);
      if (button) { event.preventDefault(); button.click(); }
    }
  }, true);
}
