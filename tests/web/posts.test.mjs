// Posts in a real browser: searched while typing, kept, taken away; and who else is writing.

import assert from "node:assert/strict";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { open, pictures } from "./desk.mjs";
import { enter, incident, looks } from "./rooms.mjs";

let desk;
before(async () => {
  desk = await open();
  // A demo that has just started is still sweeping.
  const person = await enter(desk, "head", { lang: "en" });
  for (let waited = 0; waited < 60; waited++) {
    await person.go("/posts?q=%E7%AA%97%E5%8F%A3");
    if (await person.page.locator("#posts .post").count() > 1) break;
    await person.page.waitForTimeout(300);
  }
  await person.close();
});
after(async () => { await desk?.close(); });

const query = (page) => new URL(page.url()).searchParams.get("q");
const note = (page) => page.textContent("#posts-note");

describe("searching", { concurrency: false }, () => {
  test("what is typed is found after a pause, the address follows, and the form keeps focus and caret", async () => {
    const { page, complaints, go, close } = await enter(desk, "monitor", { lang: "en" });
    await go("/posts");
    await page.evaluate(() => { globalThis.notReloaded = true; });
    const length = await page.evaluate(() => history.length);
    await page.focus("#q");
    await page.keyboard.type("窗口 没有");
    for (let n = 0; n < 3; n++) await page.keyboard.press("ArrowLeft");
    await page.waitForFunction(() => document.getElementById("posts-note")?.textContent.includes("窗口"));
    await page.waitForFunction(() => new URL(location.href).searchParams.get("q") === "窗口 没有");
    assert.deepEqual(await page.evaluate(() => [document.activeElement.id, document.activeElement.selectionStart]), ["q", 2]);
    assert.equal(await page.evaluate(() => globalThis.notReloaded), true);
    assert.equal(await page.evaluate(() => history.length), length, "typing is no way back");
    await page.keyboard.press("ControlOrMeta+a");
    await page.keyboard.type("窗口");
    await page.waitForFunction(() => new URL(location.href).searchParams.get("q") === "窗口");
    assert.ok(await page.locator("#posts mark").count() > 0, "what was found is marked");
    assert.match(await page.textContent("#found-note"), /窗口/, "and said");
    // Narrowed without a button, widened by a link.
    await page.locator("#narrow summary").click();
    await page.selectOption("#kind", "comment");
    await page.waitForFunction(() => new URL(location.href).searchParams.get("kind") === "comment");
    await page.locator("#active a").first().click();
    await page.waitForURL((url) => !url.searchParams.has("kind") && url.searchParams.get("q") === "窗口");
    assert.deepEqual(complaints, []);
    await close();
  });

  test("a late answer is dropped, and so is one that comes to a page that has moved on", async () => {
    const { page, close, go } = await enter(desk, "monitor", { lang: "en" });
    await go("/posts");
    let late = () => {};
    const held = new Promise((let_go) => { late = let_go; });
    await page.route(/q=%E7%AA%97&?$|q=%E7%AA%97$/, async (route) => { await held; await route.continue().catch(() => {}); });
    await page.focus("#q");
    const first = page.waitForRequest(/q=%E7%AA%97$/);
    await page.keyboard.type("窗");
    await first;
    await page.keyboard.type("口");
    await page.waitForFunction(() => new URL(location.href).searchParams.get("q") === "窗口");
    const found = await note(page);
    late();
    await page.waitForTimeout(500);
    assert.equal(query(page), "窗口");
    assert.equal(await note(page), found);
    await close();
  });

  test("what is being read stays where it is", async () => {
    const { page, close, go } = await enter(desk, "monitor", { lang: "en" });
    await go("/posts?q=%E7%AA%97%E5%8F%A3");
    await page.focus("#q");
    await page.keyboard.type(" 没有");
    const link = page.locator("#posts a[href]").first();
    await link.focus();
    await page.waitForTimeout(1200);
    assert.equal(await link.evaluate((it) => it === document.activeElement), true);
    assert.equal(query(page), "窗口");
    await close();
  });

  test("without a script the form is sent", async () => {
    const { page, close, go } = await enter(desk, "monitor", { lang: "en", script: false });
    await go("/posts");
    await page.fill("#q", "窗口");
    await page.locator("#search button").click();
    assert.equal(query(page), "窗口");
    assert.ok(await page.locator("#posts .post").count() > 0);
    await close();
  });
});

describe("a search that is kept", { concurrency: false }, () => {
  test("stands above the list, is in the palette, and is removed again; its pages are sound", async () => {
    const person = await enter(desk, "head", { lang: "en" });
    const { page, complaints, go, close } = person;
    await go("/posts?q=%E7%AA%97%E5%8F%A3");
    await page.locator("#keep summary").click();
    await page.fill('#keep input[name="name"]', "water <b>off</b>");
    await page.check('#keep input[name="shared"]');
    await page.locator("#keep form button").click();
    await page.locator(".said-done").waitFor();
    assert.equal(await page.textContent("#kept a[aria-current] span"), "water <b>off</b>");
    await page.locator("#take summary").click();
    const waiting = page.waitForEvent("download");
    await page.selectOption('#take select', "csv");
    await page.locator("#take form button").click();
    const file = await waiting;
    assert.match(file.suggestedFilename(), /^posts-\d{4}-\d\d-\d\d\.csv$/);
    const sent = { form: { of: await page.inputValue('#take [name="of"]'), form: "csv" }, headers: { "sec-fetch-site": "same-origin" } };
    const text = await (await person.context.request.post(`${desk.address}/posts/file`, sent)).text();
    assert.match(text, /窗口/);
    assert.doesNotMatch(text.split("\r\n")[0], /author/i);
    await looks(person, "posts-kept", desk.address);
    await go("/searches");
    await looks(person, "searches", desk.address);
    await go("/watches");
    await page.keyboard.press("Control+k");
    await page.keyboard.type("off</b>");
    await page.locator("#palette-found li", { hasText: "water" }).waitFor();
    await page.keyboard.press("Enter");
    await page.waitForURL(/\/posts\?q=/);
    await go("/searches");
    await page.locator("#searches summary").click();
    await page.locator('form[action$="/remove"] button').click();
    await page.locator(".said-done").waitFor();
    assert.equal(await page.locator("[data-kept]").count(), 0);
    assert.deepEqual(complaints, []);
    await close();
  });
});

describe("the picture of how the watches fare", { concurrency: false }, () => {
  test("has its sentence and its table, on the first page and on the wall", async () => {
    const { page, go, close, complaints } = await enter(desk, "head", { lang: "en" });
    for (const path of ["/", "/wall"]) {
      await go(path);
      assert.ok(await page.locator("#fare .squares use").count() > 0, path);
      assert.match(await page.textContent("#fare figcaption"), /watch/);
      await page.locator("#fare-table summary").click();
      assert.ok(await page.locator("#fare-table tbody tr").count() > 0);
      await page.locator("#fare").screenshot({ path: join(pictures, `fare${path === "/" ? "" : "-wall"}-en-light.png`) });
    }
    assert.deepEqual(complaints, []);
    await close();
  });
});

describe("two who write", { concurrency: false }, () => {
  test("see each other at the same place, live, and nothing moves", async () => {
    const [head, monitor] = await Promise.all([
      enter(desk, "head", { lang: "en" }), enter(desk, "monitor", { lang: "en", size: "phone" }),
    ]);
    const id = await incident(head);
    await head.go(`/incidents/${id}`);
    await monitor.go(`/incidents/${id}`);
    const told = (page) => page.locator("#writing p");
    assert.equal(await told(monitor.page).count(), 0);
    const heading = await monitor.page.locator("h1").boundingBox();
    await head.page.locator("#act-note summary").click();
    const said = head.page.waitForResponse((answer) => answer.url().endsWith("/presence"));
    await head.page.locator("#note").pressSequentially("calling the plant");
    assert.equal((await said).status(), 204);
    await told(monitor.page).waitFor();
    assert.match(await told(monitor.page).textContent(), /^head is writing here too, since/);
    assert.deepEqual(await monitor.page.locator("h1").boundingBox(), heading, "what is being read has moved");
    assert.equal(await told(head.page).count(), 0, "nobody is told of themselves");
    await monitor.page.screenshot({ path: join(pictures, "writing-en-light-phone.png") });
    // Who comes later reads it without a script, too; who is elsewhere does not.
    const late = await enter(desk, "staff", { lang: "en", script: false });
    await late.go(`/incidents/${id}`);
    assert.equal(await told(late.page).count(), 1);
    await late.go("/incidents");
    assert.equal(await late.page.locator("#writing").count(), 0);
    await late.close();
    await head.go("/incidents");
    await told(monitor.page).waitFor({ state: "detached" });
    assert.deepEqual(monitor.complaints, []);
    assert.deepEqual(head.complaints, []);
    await head.close();
    await monitor.close();
  });

  test("a draft of a reply is such a place", async () => {
    const [staff, other] = await Promise.all([enter(desk, "staff", { lang: "en" }), enter(desk, "monitor", { lang: "en" })]);
    const id = await incident(staff);
    await staff.go(`/incidents/${id}/replies/new`);
    await other.go(`/incidents/${id}`);
    await staff.page.locator("#text").pressSequentially("We have mended the pipe.");
    await other.page.locator("#writing p").waitFor();
    await staff.close();
    await other.close();
  });
});
