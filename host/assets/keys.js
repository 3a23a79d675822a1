// The keyboard: j and k move through what the page lists, o opens, / searches, Ctrl K finds a room, ? says all of this.
// What a page names itself (aria-keyshortcuts) is pressed by its key. Nothing on the desk needs this file.
"use strict";

(() => {
  const help = document.getElementById("keys");
  const palette = document.getElementById("palette");
  if (!help?.showModal || !palette?.showModal) return;
  const choice = document.getElementById("keys-single");
  const off = () => localStorage.getItem("keys") === "off";
  const typing = (target) => target.closest?.("input, textarea, select, [contenteditable]");

  // What can be moved through: the items of the page's lists, by the link or the field that is theirs.
  const items = () => [...document.querySelectorAll("main [data-key]")].filter((item) => item.checkVisibility());
  const handle = (item) => item.querySelector("a[href], button, summary, input") ?? item;
  const move = (step) => {
    const all = items();
    if (all.length === 0) return;
    const here = all.findIndex((item) => item.contains(document.activeElement));
    const next = here < 0 ? (step > 0 ? 0 : all.length - 1) : Math.min(Math.max(here + step, 0), all.length - 1);
    handle(all[next]).focus();
    all[next].scrollIntoView({ block: "nearest" });
  };
  const open = () => {
    const item = document.activeElement?.closest("[data-key]");
    item?.querySelector("a[href]")?.click();
  };
  const search = () => {
    const field = document.querySelector("main input[type=search]");
    if (field) { field.focus(); field.select(); } else location.assign("/posts#q");
  };

  // A field is called what its label says; the hint of a key is no part of a name.
  const called = (part) => {
    const named = part.labels?.[0] ?? part;
    const words = [...named.childNodes].filter((node) => node.nodeName !== "KBD").map((node) => node.textContent).join("");
    return part.getAttribute("aria-label") ?? words.trim();
  };

  // The keys of this page stand below those of every page.
  const more = document.getElementById("keys-here");
  const here = () => {
    more.replaceChildren();
    for (const part of document.querySelectorAll("main [aria-keyshortcuts]")) {
      const row = document.createElement("div");
      const key = document.createElement("dt");
      const word = document.createElement("dd");
      const cap = document.createElement("kbd");
      cap.textContent = part.getAttribute("aria-keyshortcuts");
      key.append(cap);
      word.textContent = called(part);
      row.append(key, word);
      more.append(row);
    }
  };

  // The palette: rooms first, then what this page links to; what nothing is called is searched for.
  const asked = document.getElementById("palette-q");
  const found = document.getElementById("palette-found");
  let links = [];
  let at = 0;
  const gather = () => {
    const seen = new Set();
    const from = [...document.querySelectorAll(".rail a[href], .bar .who a[href], main h1 a[href], main h2 a[href], main h3 a[href], main a.go[href], main nav a[href], main [data-key] a[href]")];
    links = from.map((link) => ({ href: link.href, words: link.textContent.replace(/\s+/g, " ").trim() }))
      .filter(({ href, words }) => words && !seen.has(href) && seen.add(href));
  };
  // The searches that somebody keeps are found from every page, and asked for once a page.
  let kept = null;
  const keep = async () => {
    if (!document.querySelector('.rail a[href="/posts"]') || !document.querySelector(".bar .who")) return;
    try {
      kept ??= fetch("/searches", { headers: { accept: "text/html" }, redirect: "error" })
        .then((answer) => (answer.ok ? answer.text() : ""))
        .then((text) => [...desk.parse(text).querySelectorAll("a[data-kept]")]);
      const known = new Set(links.map((link) => link.href));
      const more = (await kept).map((link) => ({ href: new URL(link.getAttribute("href"), location.origin).href, words: link.textContent.trim() }));
      links.push(...more.filter((link) => !known.has(link.href)));
      if (palette.open) list();
    } catch { kept = null; }
  };
  const point = (to) => {
    const lines = [...found.children];
    at = Math.min(Math.max(to, 0), lines.length - 1);
    lines.forEach((line, n) => line.setAttribute("aria-selected", String(n === at)));
    if (lines[at]) { asked.setAttribute("aria-activedescendant", lines[at].id); lines[at].scrollIntoView({ block: "nearest" }); }
  };
  const list = () => {
    const words = asked.value.trim().toLowerCase();
    const fitting = links.filter((link) => words.split(/\s+/).every((word) => link.words.toLowerCase().includes(word))).slice(0, 12);
    if (words) fitting.push({ href: "/posts?q=" + encodeURIComponent(asked.value.trim()), words: palette.dataset.search.replace("%{words}", asked.value.trim()) });
    found.replaceChildren(...fitting.map(({ href, words }, n) => {
      const line = document.createElement("li");
      line.id = "palette-" + n;
      line.setAttribute("role", "option");
      line.dataset.href = href;
      line.textContent = words;
      return line;
    }));
    point(0);
  };
  const go = (line) => { if (line) { palette.close(); location.assign(line.dataset.href); } };
  asked.addEventListener("input", list);
  asked.addEventListener("keydown", (event) => {
    if (event.isComposing) return;
    if (event.key === "ArrowDown" || event.key === "ArrowUp") { event.preventDefault(); point(at + (event.key === "ArrowDown" ? 1 : -1)); }
    if (event.key === "Enter") { event.preventDefault(); go(found.children[at]); }
  });
  found.addEventListener("click", (event) => go(event.target.closest("[role=option]")));

  const press = (part) => {
    part.closest("details")?.setAttribute("open", "");
    if (part.matches("input, textarea, select")) part.focus();
    else part.click();
  };

  const show = {
    "?": () => { here(); help.showModal(); },
    "/": search,
    j: () => move(1),
    k: () => move(-1),
    o: open,
  };
  document.addEventListener("keydown", (event) => {
    if (event.defaultPrevented || event.isComposing) return;
    if ((event.ctrlKey || event.metaKey) && !event.altKey && !event.shiftKey && event.key.toLowerCase() === "k") {
      event.preventDefault();
      if (document.querySelector("dialog[open]")) return;
      gather();
      asked.value = "";
      list();
      palette.showModal();
      keep();
      return;
    }
    if (event.key === "Escape" && typing(event.target) && !document.querySelector("dialog[open]")) event.target.blur();
    if (event.ctrlKey || event.metaKey || event.altKey || typing(event.target) || document.querySelector("dialog[open]")) return;
    if (off() && event.key !== "?") return;
    const part = document.querySelector('main [aria-keyshortcuts="' + CSS.escape(event.key) + '"]');
    const act = part ? () => press(part) : show[event.key];
    if (!act || event.repeat && part) return;
    event.preventDefault();
    act();
  });

  // Who speaks to the machine, or types by accident, can do without single keys (WCAG 2.1.4).
  const tell = () => document.documentElement.classList.toggle("keys-off", off());
  choice.checked = !off();
  tell();
  choice.addEventListener("change", () => { localStorage.setItem("keys", choice.checked ? "on" : "off"); tell(); });
  const opener = document.getElementById("keys-open");
  opener.hidden = false;
  opener.addEventListener("click", show["?"]);
  if (location.hash === "#q") document.querySelector("main input[type=search]")?.focus();
})();
