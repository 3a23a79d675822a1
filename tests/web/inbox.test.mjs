// The inbox and the room of an incident, in a real browser: by keyboard, without a script, on a phone.

import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { open } from "./desk.mjs";
import { enter, looks } from "./rooms.mjs";


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

/** The inbox of somebody who decides. */
async function entered(options) {
  const person = await enter(desk, "head", { lang: "en", ...options });
  await person.go("/inbox");
  return person;
}

const title = (page) => page.textContent("#matter");

describe("the inbox", { concurrency: false }, () => {
  test("it and the room of an incident are sound", async () => {
    const person = await entered();
    await looks(person, "inbox", desk.address);
    await person.go(await person.page.getAttribute("#matter a", "href"));
    await looks(person, "acting", desk.address);
    assert.deepEqual(person.complaints, []);
    await person.close();
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
