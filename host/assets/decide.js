// Decisions: each is sent once, however often its key is pressed; and what can be taken back is offered for ten seconds.
// Nothing on the desk needs this file.
"use strict";

(() => {
  for (const form of document.querySelectorAll("form[data-once]")) {
    form.addEventListener("submit", (event) => {
      if (form.dataset.sent) event.preventDefault();
      form.dataset.sent = "1";
    });
  }
  addEventListener("pageshow", () => { for (const form of document.querySelectorAll("form[data-sent]")) delete form.dataset.sent; });

  // Longer while somebody is at it.
  const undo = document.getElementById("undo");
  if (!undo) return;
  let left = 10;
  const timer = setInterval(() => {
    if (undo.matches(":hover, :focus-within")) return;
    left -= 1;
    if (left <= 0) { undo.hidden = true; clearInterval(timer); }
  }, 1000);
})();
