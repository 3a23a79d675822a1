// Writing: what can be inserted becomes a button, what is to be pasted can be copied, and the aid looks along.
// Nothing on the desk needs this file.
"use strict";

(() => {
  // A mark such as [post:7] is put where the cursor stands.
  for (const mark of document.querySelectorAll("[data-insert]")) {
    const into = document.getElementById(mark.dataset.into);
    if (!into) continue;
    const button = document.createElement("button");
    button.type = "button";
    button.className = "insert";
    button.textContent = mark.textContent;
    button.addEventListener("click", () => {
      into.setRangeText(mark.dataset.insert, into.selectionStart, into.selectionEnd, "end");
      into.focus();
      into.dispatchEvent(new Event("input", { bubbles: true }));
    });
    mark.replaceWith(button);
  }

  for (const button of document.querySelectorAll("[data-copy]")) {
    const from = document.getElementById(button.dataset.copy);
    if (!from || !navigator.clipboard) continue;
    button.hidden = false;
    button.addEventListener("click", async () => {
      await navigator.clipboard.writeText(from.value);
      button.textContent = button.dataset.copied;
    });
  }

  // What takes a while says so.
  for (const form of document.querySelectorAll("[data-busy]")) {
    const note = document.createElement("p");
    note.className = "why";
    note.setAttribute("role", "status");
    form.append(note);
    form.addEventListener("submit", () => { note.textContent = form.dataset.busy; });
  }
  addEventListener("pageshow", () => { for (const note of document.querySelectorAll("[data-busy] > [role=status]")) note.textContent = ""; });

  // Whoever touches a form says so, and again while they are at it: colleagues at the same place see it.
  const place = document.getElementById("writing")?.dataset.place;
  if (place) {
    let touched = 0;
    let said = 0;
    const say = () => {
      said = Date.now();
      fetch("/presence", { method: "POST", body: new URLSearchParams({ place }) }).catch(() => { said = 0; });
    };
    document.addEventListener("input", (event) => {
      if (!event.target.closest?.('main form[method="post"]')) return;
      touched = Date.now();
      if (touched - said > 20000) say();
    });
    // Somebody who thinks is still there; somebody who left for lunch is not.
    setInterval(() => { if (said && !document.hidden && Date.now() - touched < 300000) say(); }, 25000);
    addEventListener("pagehide", () => {
      if (said) navigator.sendBeacon("/presence", new URLSearchParams({ place, gone: "1" }));
      said = 0;
    });
  }

  // The aid looks again a second after the last key; what it says takes the place of what it said.
  const form = document.getElementById("draft");
  if (!form || !document.getElementById("aid")) return;
  let timer = 0;
  let asked = 0;
  const look = async () => {
    const fields = new URLSearchParams(new FormData(form));
    fields.set("look", "1");
    const number = ++asked;
    try {
      const answer = await fetch(form.action, { method: "POST", body: fields });
      if (!answer.ok || number !== asked) return;
      const next = desk.parse(await answer.text()).getElementById("aid");
      if (next) document.getElementById("aid").replaceWith(document.importNode(next, true));
    } catch {
      // The line is down: the button still says so when it is pressed.
    }
  };
  form.addEventListener("input", () => { clearTimeout(timer); timer = setTimeout(look, 1000); });
})();
