// What somebody types outlives a lost connection: it is kept in this tab until it has been sent, and stands in the form
// again when the page comes back. Nothing on the desk needs this file.
"use strict";

(() => {
  const words = document.getElementById("live")?.dataset;
  // Somebody else who signs in here has drafts of their own.
  const who = document.querySelector(".bar .who b")?.textContent ?? "";
  const PREFIX = "draft:";
  const keyed = (form) => PREFIX + who + ":" + form.dataset.keep;
  const recall = (key) => { try { return JSON.parse(sessionStorage.getItem(key)); } catch { return null; } };
  const remember = (key, draft) => { try { sessionStorage.setItem(key, JSON.stringify(draft)); } catch { /* there is no room */ } };
  const fields = (form) => [...form.querySelectorAll('textarea[name], input[name]:not([type]), input[name][type="text"]')];
  const told = (form, of) => Object.fromEntries(fields(form).map((field) => [field.name, field[of]]));
  const same = (a, b) => JSON.stringify(a) === JSON.stringify(b);

  // What was sent and has arrived is no draft any more.
  if (document.querySelector(".said-done")) {
    for (const key of Object.keys(sessionStorage).filter((key) => key.startsWith(PREFIX))) {
      if (recall(key)?.sent) sessionStorage.removeItem(key);
    }
  }
  for (const out of document.querySelectorAll('form[action="/sign-out"], form[action="/demo/leave"]')) {
    out.addEventListener("submit", () => sessionStorage.clear());
  }

  const fill = (form, values) => {
    for (const field of fields(form)) if (field.name in values) field.value = values[field.name];
    form.closest("details")?.setAttribute("open", "");
  };
  const note = (form, says, does, act) => {
    const line = document.createElement("p");
    const button = document.createElement("button");
    line.className = "why";
    line.setAttribute("role", "status");
    line.textContent = says + " ";
    button.type = "button";
    button.className = "insert";
    button.textContent = does;
    button.addEventListener("click", () => { line.remove(); act(); fields(form)[0]?.focus(); });
    line.append(button);
    form.prepend(line);
  };

  for (const form of document.querySelectorAll("form[data-keep]")) {
    const key = keyed(form);
    const base = told(form, "defaultValue");
    const draft = recall(key);
    // What stands there already, saved or only looked at, needs no word.
    if (draft && !same(draft.typed, base)) {
      const back = () => fill(form, draft.typed);
      const drop = () => { fill(form, base); sessionStorage.removeItem(key); };
      // A text that somebody has changed meanwhile is not written over unasked.
      if (same(draft.base, base)) { back(); note(form, words.typed, words.typedDrop, drop); }
      else note(form, words.typedOther, words.typedBack, back);
    }
    form.addEventListener("input", () => remember(key, { base, typed: told(form, "value") }));
    form.addEventListener("submit", () => {
      const typed = recall(key);
      if (typed) remember(key, { ...typed, sent: true });
    });
  }
})();
