// Searching while somebody types: after a pause what was found takes the place of what was, the address follows, and the
// form stays as it is, with focus and caret. An answer that comes after a later question is dropped. Without this file
// the form is sent.
"use strict";

(() => {
  const form = document.getElementById("search");
  const note = document.getElementById("found-note");
  if (!form || !note) return;
  const PAUSE = 300;
  const address = () => {
    const query = new URLSearchParams([...new FormData(form)].filter(([, value]) => String(value).trim() !== ""));
    return form.action.split("?")[0] + (query.size === 0 ? "" : "?" + query);
  };

  let timer = 0;
  let asking = null;
  let shown = address();
  const found = () => document.getElementById("found");
  // Whoever has gone down to read, or begun to mark something, keeps what they read.
  const reading = () => {
    const chosen = getSelection();
    return found().contains(document.activeElement) || chosen && !chosen.isCollapsed && found().contains(chosen.anchorNode);
  };

  const look = async () => {
    const to = address();
    asking?.abort();
    if (to === shown) return;
    const mine = asking = new AbortController();
    try {
      const answer = await fetch(to, { headers: { accept: "text/html" }, cache: "no-store", redirect: "error", signal: mine.signal });
      // Half a query makes no sense yet.
      if (!answer.ok) return;
      const next = desk.parse(await answer.text());
      if (mine !== asking || reading()) return;
      const part = next.getElementById("found");
      if (!part) return;
      found().replaceWith(document.importNode(part, true));
      const q = document.getElementById("q");
      for (const name of ["aria-invalid", "aria-describedby"]) {
        const value = next.getElementById("q")?.getAttribute(name);
        if (value) q.setAttribute(name, value); else q.removeAttribute(name);
      }
      note.textContent = document.getElementById("posts-note")?.textContent ?? "";
      shown = to;
      history.replaceState(history.state, "", to);
    } catch {
      // The line is down, or a later question was asked: the button still searches.
    }
  };
  const later = () => { clearTimeout(timer); timer = setTimeout(look, PAUSE); };
  // A word that is being put together from keys is no word yet.
  form.addEventListener("input", (event) => { if (!event.isComposing) later(); });
  form.addEventListener("compositionend", later);
  form.addEventListener("submit", () => { clearTimeout(timer); asking?.abort(); });
})();
