// The keyboard, and what an open page does: moving, opening, the palette, help, one connection a browser, Trusted Types.

import assert from "node:assert/strict";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { open, pictures } from "./desk.mjs";
import { fresh, objections } from "./looks.mjs";


let desk;
before(async () => {
  desk = await open();
  // A demo that has just started is still sweeping.
  const { page, close } = await listed();
  for (let waited = 0; (await page.locator("[data-key]").count()) < 3 && waited < 50; waited++) {
    await page.waitForTimeout(200);
    await page.reload();
  }
  await close();
});
after(async () => { await desk?.close(); });

/** The list of incidents in a browser of its own. */
async function listed() {
  const opened = await fresh(desk, { lang: "en" });
  await opened.page.goto(`${desk.address}/incidents`);
  return opened;
}

const held = (page) => page.evaluate(() => document.activeElement.closest("[data-key]")?.dataset.key ?? null);

describe("the keyboard", { concurrency: false }, () => {
  test("j and k move, o opens, and a field keeps its letters", async () => {
    const { page, close } = await listed();
    const keys = await page.$$eval("main [data-key]", (items) => items.map((item) => item.dataset.key));
    await page.keyboard.press("j");
    assert.equal(await held(page), keys[0]);
    await page.keyboard.press("j");
    assert.equal(await held(page), keys[1]);
    await page.keyboard.press("k");
    assert.equal(await held(page), keys[0]);
    await page.keyboard.press("o");
    await page.waitForURL(/\/incidents\/\d+$/);
    await page.goto(`${desk.address}/posts`);
    await page.keyboard.press("/");
    await page.keyboard.type("joke?");
    assert.equal(await page.inputValue("#q"), "joke?");
    assert.equal(await page.isVisible("#keys"), false);
    await close();
  });

  test("? says what the keys do; they can be switched off", async () => {
    const { page, complaints, close } = await listed();
    await page.keyboard.press("?");
    assert.ok(await page.isVisible("#keys"));
    for (const colorScheme of ["light", "dark"]) {
      await page.emulateMedia({ colorScheme });
      await page.screenshot({ path: join(pictures, `keys-en-${colorScheme}.png`) });
      assert.deepEqual(await objections(page), []);
    }
    await page.uncheck("#keys-single");
    await page.keyboard.press("Escape");
    await page.keyboard.press("j");
    assert.equal(await held(page), null);
    await page.reload();
    await page.keyboard.press("j");
    assert.equal(await held(page), null, "the choice is kept");
    assert.deepEqual(complaints, []);
    await close();
  });

  test("the palette leads to a room, and searches for what nothing is called", async () => {
    const { page, complaints, close } = await listed();
    await page.keyboard.press("Control+k");
    await page.keyboard.type("watch");
    await page.screenshot({ path: join(pictures, "palette-en-light.png") });
    assert.deepEqual(await objections(page), []);
    await page.keyboard.press("Enter");
    await page.waitForURL(`${desk.address}/watches`);
    await page.keyboard.press("Control+k");
    await page.keyboard.type("水管 & <b>#1");
    await page.keyboard.press("Enter");
    await page.waitForURL(/\/posts\?q=/);
    assert.equal(await page.inputValue("#q"), "水管 & <b>#1");
    assert.deepEqual(complaints, []);
    await close();
  });
});

describe("an open page", { concurrency: false }, () => {
  test("three pages of a browser listen once, and the next takes over", async () => {
    const { context, page, close } = await listed();
    const listening = async () => (await navigator.locks.query()).held.some((lock) => lock.name === "caifeng-events");
    await page.waitForFunction(listening);
    const listens = [];
    context.on("request", (request) => { if (request.url().endsWith("/events")) listens.push(request); });
    const pages = [page];
    for (const path of ["/posts", "/watches"]) {
      const next = await context.newPage();
      await next.goto(desk.address + path);
      pages.push(next);
    }
    await pages[2].waitForTimeout(300);
    assert.equal(listens.length, 0, "the first page listens for all");
    await page.close();
    for (let waited = 0; listens.length === 0 && waited < 50; waited++) await pages[1].waitForTimeout(100);
    assert.equal(listens.length, 1);
    await close();
  });

  test("text becomes a page in one place only", async () => {
    const { page, close } = await listed();
    const refused = await page.evaluate(() => {
      try { document.getElementById("main").innerHTML = "<img src=x>"; return "it was let"; } catch (error) { return error.name; }
    });
    assert.equal(refused, "TypeError");
    const second = await page.evaluate(() => { try { trustedTypes.createPolicy("caifeng", {}); return "it was let"; } catch (error) { return error.name; } });
    assert.equal(second, "TypeError");
    assert.equal(await page.evaluate(() => globalThis.desk.parse("<p id=a>7</p>").getElementById("a").textContent), "7");
    await close();
  });
});
