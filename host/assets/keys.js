// Keys: a page names them itself (aria-keyshortcuts), this file presses what they name; and what can be taken back is
// offered for ten seconds. Nothing on the desk needs this file.
"use strict";

(() => {
  const OFF = "caifeng-keys-off";
  const off = () => { try { return localStorage.getItem(OFF) === "1"; } catch { return false; } };

  // Whoever speaks to the machine, or types by other means, switches single keys off (WCAG 2.1.4).
  const note = document.getElementById("keys-note");
  const button = note?.querySelector("button");
  const tell = () => {
    button.textContent = off() ? button.dataset.on : button.dataset.off;
    document.documentElement.classList.toggle("keys-off", off());
  };
  if (button) {
    note.hidden = false;
    tell();
    button.addEventListener("click", () => {
      try { if (off()) localStorage.removeItem(OFF); else localStorage.setItem(OFF, "1"); } catch { return; }
      tell();
    });
  }

  const typing = (target) => target.closest?.("input, textarea, select, [contenteditable]");
  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape" && typing(event.target)) { event.target.blur(); return; }
    if (event.ctrlKey || event.metaKey || event.altKey || event.repeat || event.isComposing) return;
    if (off() || typing(event.target)) return;
    const named = document.querySelector('[aria-keyshortcuts="' + CSS.escape(event.key) + '"]');
    if (!named) return;
    event.preventDefault();
    named.closest("details")?.setAttribute("open", "");
    if (named.matches("input, textarea, select")) named.focus();
    else named.click();
  });

  // One decision is sent once, however often its key is pressed.
  for (const form of document.querySelectorAll("form[data-once]")) {
    form.addEventListener("submit", (event) => {
      if (form.dataset.sent) event.preventDefault();
      form.dataset.sent = "1";
    });
  }
  addEventListener("pageshow", () => { for (const form of document.querySelectorAll("form[data-sent]")) delete form.dataset.sent; });

  // Ten seconds, and longer while somebody is at it.
  const undo = document.getElementById("undo");
  if (undo) {
    let left = 10;
    const timer = setInterval(() => {
      if (undo.matches(":hover, :focus-within")) return;
      left -= 1;
      if (left <= 0) { undo.hidden = true; clearInterval(timer); }
    }, 1000);
  }
})();
