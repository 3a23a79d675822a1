// What every test of a page shares: a browser of its own, and what is asked of each look of a page.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { pictures } from "./desk.mjs";

const axe = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");

/** Widths and heights of windows. */
export const sizes = { desktop: { width: 1280, height: 900 }, phone: { width: 360, height: 740 } };

// Two of the eight looks of each page are kept as pictures: between them both languages, themes and sizes.
const pictured = new Set(["zh-CN-light-desktop", "en-dark-phone"]);

/** A page in a browser of its own; `complaints` is what its browser said. */
export async function fresh(desk, { lang = "zh-CN", size = "desktop", script = true, ...more } = {}) {
  const context = await desk.browser.newContext({
    locale: lang, timezoneId: "Asia/Shanghai", viewport: sizes[size], hasTouch: size === "phone", javaScriptEnabled: script, reducedMotion: "reduce", ...more,
  });
  const page = await context.newPage();
  const complaints = [];
  page.on("console", (message) => { if (message.type() === "error") complaints.push(message.text()); });
  page.on("pageerror", (error) => complaints.push(String(error)));
  page.on("dialog", (dialog) => { complaints.push(`dialog: ${dialog.message()}`); dialog.dismiss(); });
  return { context, page, complaints, close: () => context.close() };
}

/** What axe objects to in the page as it is. The policy lets no other script in; axe comes through the debugger. */
export async function objections(page) {
  await page.evaluate(axe);
  const { violations } = await page.evaluate(() => globalThis.axe.run(document, { resultTypes: ["violations"] }));
  return violations.map((v) => `${v.id}: ${v.help}: ${v.nodes.map((n) => n.target).join("; ")}`);
}

/** What is cut off where nobody can scroll to it: elements that hide what runs over, but for one line that ends in an ellipsis,
    what is for screen readers only, what is typed (the caret moves through it), and pictures. */
function cut(page) {
  return page.evaluate(() => [...document.querySelectorAll("body *")].filter((part) => {
    const style = getComputedStyle(part);
    if (!["hidden", "clip"].includes(style.overflowX) || style.textOverflow === "ellipsis") return false;
    if (part.closest("svg, .unseen, input, textarea") || part.clientWidth === 0) return false;
    return part.scrollWidth > part.clientWidth + 1;
  }).map((part) => `${part.localName}.${part.className}: ${part.scrollWidth} in ${part.clientWidth} px`));
}

/** Figures that a table shows only to whoever scrolls it sideways: on a phone nobody knows that there are more. */
function sideways(page) {
  return page.evaluate(() => [...document.querySelectorAll(".scroll")].filter((part) => part.scrollWidth > part.clientWidth + 1)
    .filter((part) => part.querySelector("table.votes"))
    .map((part) => `${part.getAttribute("aria-labelledby")}: ${part.scrollWidth} in ${part.clientWidth} px`));
}

/** In both sizes and themes: nothing runs over or is cut off, axe objects to nothing, with everything that opens open; two are kept as pictures. */
export async function sound(page, name) {
  const lang = await page.getAttribute("html", "lang");
  const before = page.viewportSize();
  const open = (open) => page.evaluate((open) => { for (const part of document.querySelectorAll("details")) part.open = open; }, open);
  for (const size of Object.keys(sizes)) for (const scheme of ["light", "dark"]) {
    const look = `${lang}-${scheme}-${size}`;
    await page.setViewportSize(sizes[size]);
    await page.emulateMedia({ colorScheme: scheme });
    if (pictured.has(look) || process.env.CAIFENG_WEB_PICTURES) {
      await page.screenshot({ path: join(pictures, `${name}-${look}.png`), fullPage: true });
    }
    await open(true);
    const over = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
    assert.equal(over, 0, `${name}-${look} runs over by ${over} px`);
    assert.deepEqual([...await cut(page), ...await sideways(page)], [], `${name}-${look}: cut off`);
    assert.deepEqual(await objections(page), [], `${name}-${look}`);
    await open(false);
  }
  await page.setViewportSize(before);
}
