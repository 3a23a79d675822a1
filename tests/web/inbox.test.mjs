// The inbox and the room of an incident, in a real browser: by keyboard, without a script, on a phone.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { open, pictures } from "./desk.mjs";

const axe = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
const widths = { desktop: { width: 1280, height: 900 }, phone: { width: 360, height: 740 } };

let desk;
before(async () => {
  desk = await open();
  // A demo that has just started is still sweeping.
  const { page, close } = await entered();
  for (let waited = 0; !(await page.locator("#matter").count()) && waited < 50; waited++) {
    await page.waitForTimeout(300);
    await page.goto(`${desk.address}/inbox`);
  }
  await close();
});
after(async () => { await desk?.close(); });

/** A page of somebody who decides. */
async function entered({ lang = "en", scheme = "light", size = "desktop", script = true } = {}) {
  const context = await desk.browser.newContext({
    locale: lang, colorScheme: scheme, viewport: widths[size], javaScriptEnabled: script, reducedMotion: "reduce",
  });
  const page = await context.newPage();
  const complaints = [];
  page.on("console", (message) => { if (message.type() === "error") complaints.push(message.text()); });
  page.on("pageerror", (error) => complaints.push(String(error)));
  await page.goto(desk.address);
  await page.selectOption("select[name=role]", "head");
  await page.click("form[action='/demo/enter'] button");
  await page.goto(`${desk.address}/inbox`);
  return { page, complaints, close: () => context.close() };
}

/** Nothing runs over, and axe objects to nothing. */
async function sound(page, name) {
  await page.evaluate(axe);
  await page.screenshot({ path: join(pictures, `${name}.png`), fullPage: true });
  const over = await page.evaluate(() => {
    for (const part of document.querySelectorAll("main details")) part.open = true;
    return document.documentElement.scrollWidth - document.documentElement.clientWidth;
  });
  assert.equal(over, 0, `${name} runs over by ${over} px`);
  const { violations } = await page.evaluate(() => globalThis.axe.run(document, { resultTypes: ["violations"] }));
  assert.deepEqual(violations.map((v) => `${v.id}: ${v.nodes.map((n) => n.target).join("; ")}`), [], name);
}

const title = (page) => page.textContent("#matter");

describe("the inbox", { concurrency: false }, () => {
  test("it and the room of an incident are sound", async () => {
    for (const lang of ["zh-CN", "en"]) for (const scheme of ["light", "dark"]) for (const size of Object.keys(widths)) {
      const { page, complaints, close } = await entered({ lang, scheme, size });
      await sound(page, `inbox-${lang}-${scheme}-${size}`);
      await page.goto(desk.address + (await page.getAttribute("#matter a", "href")));
      await sound(page, `acting-${lang}-${scheme}-${size}`);
      assert.deepEqual(complaints, []);
      await close();
    }
  });

  test("by keyboard alone: accepted, taken back, dismissed with a reason", async () => {
    const { page, complaints, close } = await entered();
    const first = await title(page);
    await page.keyboard.press("j");
    await page.waitForFunction((was) => document.getElementById("matter").textContent !== was, first);
    await page.keyboard.press("k");
    await page.waitForFunction((was) => document.getElementById("matter").textContent === was, first);
    await page.keyboard.press("1");
    await page.waitForSelector("#undo");
    assert.notEqual(await title(page), first);
    await page.keyboard.press("u");
    await page.waitForFunction((was) => document.getElementById("matter")?.textContent === was, first);
    await page.keyboard.press("r");
    await page.keyboard.type("not about us");
    await page.keyboard.press("Escape");
    await page.keyboard.press("d");
    await page.waitForSelector("#undo");
    assert.notEqual(await title(page), first);
    assert.deepEqual(complaints, []);
    await close();
  });

  test("? names the keys of the page", async () => {
    const { page, close } = await entered();
    await page.keyboard.press("?");
    const told = await page.textContent("#keys-here");
    assert.match(told, /d\s*Dismiss/);
    await close();
  });

  test("without a script: judged, then handled in its room", async () => {
    const { page, close } = await entered({ script: false });
    const room = await page.getAttribute("#matter a", "href");
    await page.click('button[name=category][value=problem]');
    await page.goto(desk.address + room);
    const before = await page.textContent("main");
    assert.doesNotMatch(before, /called the site/);
    await page.click("summary:has-text('note')");
    await page.fill("textarea[name=text], textarea[name=note]", "called the site");
    await page.click("form[action$='/note'] button");
    await page.goto(desk.address + room);
    assert.match(await page.content(), /called the site/);
    await close();
  });
});
