// Keeps an open page true without moving what is being read. Nothing on the desk needs this file.
//
// The server says only "something was committed"; the page then reads itself again and compares. Parts marked
// data-live="now" (figures, coverage, watches) are replaced where they stand, focus kept. Lists marked
// data-live="list" never grow under the reader's eyes: items already there are refreshed, new ones wait behind a button.
"use strict";

(() => {
  const note = document.getElementById("live");
  if (!note || !window.EventSource) return;
  const button = document.getElementById("show-new");
  const lost = document.getElementById("lost");
  const lists = () => [...document.querySelectorAll('[data-live="list"]')];
  const keys = (list) => [...list.children].map((item) => item.dataset.key).filter(Boolean);
  let fresh = null;
  let reading = false;
  let again = false;
  let readAt = new Date();

  // What a person is using in a part: replaced parts give it back.
  const held = (part) => part.contains(document.activeElement) && document.activeElement;
  const same = (part, old) => {
    if (old.id) return part.querySelector("#" + CSS.escape(old.id));
    const href = old.getAttribute("href");
    const item = old.closest("[data-key]");
    const within = item ? part.querySelector('[data-key="' + CSS.escape(item.dataset.key) + '"]') || part : part;
    return href ? within.querySelector('a[href="' + CSS.escape(href) + '"]') : within.querySelector(old.localName);
  };
  const replace = (old, next) => {
    const focused = held(old);
    const open = [...old.querySelectorAll("details[open][id]")].map((part) => part.id);
    const part = document.importNode(next, true);
    for (const id of open) part.querySelector("#" + CSS.escape(id))?.setAttribute("open", "");
    old.replaceWith(part);
    if (focused) (focused === old ? part : same(part, focused))?.focus({ preventScroll: true });
    return part;
  };
  const selecting = (part) => {
    const chosen = getSelection();
    return chosen && !chosen.isCollapsed && chosen.containsNode(part, true);
  };

  // Brings what is shown up to date; returns how many items wait.
  const settle = () => {
    for (const part of document.querySelectorAll('[data-live="now"]')) {
      const next = part.id && fresh.getElementById(part.id);
      // What stands there now may be about something else: then the page does not follow.
      if (next && next.dataset.place === part.dataset.place && part.outerHTML !== next.outerHTML && !selecting(part)) replace(part, next);
    }
    let waiting = 0;
    for (const list of lists()) {
      const next = fresh.getElementById(list.id);
      if (!next) continue;
      const shown = new Set(keys(list));
      waiting += keys(next).filter((key) => !shown.has(key)).length;
      for (const item of list.querySelectorAll(":scope > [data-key]")) {
        const newer = next.querySelector('[data-key="' + CSS.escape(item.dataset.key) + '"]');
        if (newer && item.outerHTML !== newer.outerHTML && !selecting(item)) replace(item, newer);
      }
    }
    button.hidden = waiting === 0;
    button.textContent = waiting === 0 ? "" : note.dataset.new.replace("%{n}", String(waiting));
  };

  const read = async () => {
    if (reading) { again = true; return; }
    reading = true;
    const place = location.href;
    try {
      const answer = await fetch(place, { headers: { accept: "text/html" }, cache: "no-store", redirect: "error" });
      if (!answer.ok) throw new Error(String(answer.status));
      const text = await answer.text();
      // The page has become another one meanwhile.
      if (place !== location.href) { again = true; return; }
      fresh = desk.parse(text);
      readAt = new Date();
      lost.hidden = true;
      settle();
    } catch {
      const time = readAt.toLocaleTimeString(document.documentElement.lang, { hour: "2-digit", minute: "2-digit" });
      lost.textContent = note.dataset.lost.replace("%{time}", time);
      lost.hidden = false;
    } finally {
      reading = false;
      if (again) { again = false; later(); }
    }
  };

  // A burst of commits is one reading: at most one a second, and none in a page nobody sees.
  let timer = 0;
  const later = () => {
    if (timer) return;
    timer = setTimeout(() => { timer = 0; if (!document.hidden) read(); }, 1000);
  };

  button.addEventListener("click", () => {
    const first = { key: null, list: null };
    for (const list of lists()) {
      const next = fresh?.getElementById(list.id);
      if (!next) continue;
      const shown = new Set(keys(list));
      const added = keys(next).find((key) => !shown.has(key));
      const part = replace(list, next);
      if (added && !first.key) Object.assign(first, { key: added, list: part });
    }
    button.hidden = true;
    const item = first.key && first.list.querySelector('[data-key="' + CSS.escape(first.key) + '"]');
    const target = item && (item.querySelector("a[href]") || item);
    if (target) { target.focus({ preventScroll: true }); item.scrollIntoView({ block: "nearest" }); }
  });

  // One connection a browser: the page that holds the lock listens, and tells the others. When it closes, the next one does.
  const others = window.BroadcastChannel && new BroadcastChannel("caifeng-events");
  // That somebody writes is told on the pages where one can.
  const hear = (kind) => { if (kind !== "writing" || document.getElementById("writing")) later(); };
  others?.addEventListener("message", (event) => hear(event.data));
  const tell = (kind) => { hear(kind); others?.postMessage(kind); };
  const listen = () => new Promise((over) => {
    const events = new EventSource("/events");
    for (const kind of ["commit", "open", "writing"]) events.addEventListener(kind, () => tell(kind));
    // A broken line is tried again by the browser; a refused one is not: another page may fare better.
    events.addEventListener("error", () => { later(); if (events.readyState === EventSource.CLOSED) over(); });
  });
  const seat = async () => {
    await (navigator.locks ? navigator.locks.request("caifeng-events", listen) : listen());
    setTimeout(seat, 60000);
  };
  seat();
  document.addEventListener("visibilitychange", later);
  // What is under way says so, and is looked at until it is over.
  setInterval(() => { if (document.querySelector("[data-soon]")) later(); }, 2000);
  // Minutes pass and watches fall silent without a commit.
  setInterval(later, 30000);
})();
