// The desk in a real browser: nothing axe objects to, nothing that runs over, nothing that runs at all but ours.

import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { open } from "./desk.mjs";
import { fresh, sizes, sound } from "./looks.mjs";

let desk;
before(async () => { desk = await open(); });
after(async () => { await desk?.close(); });

/** A page of the desk in a browser of its own. */
async function visit(path, { scheme = "light", ...options } = {}) {
  const opened = await fresh(desk, { colorScheme: scheme, ...options });
  await opened.page.goto(desk.address + path, { waitUntil: "load" });
  return opened;
}

/** Addresses of the pages, the incident being one that the first page lists. */
async function paths() {
  const { page, close } = await visit("/");
  const incident = page.locator("#incidents h3 a").first();
  // A demo that has just started is still sweeping.
  await incident.or(page.locator("#show-new:not([hidden])")).first().waitFor();
  if (!(await incident.count())) await page.locator("#show-new").click();
  const first = await incident.getAttribute("href");
  await close();
  return {
    home: "/", incidents: "/incidents", none: "/incidents?category=emergency&before=0.0", incident: first,
    posts: "/posts", search: "/posts?q=%3Cscript%3E", watches: "/watches", coverage: "/coverage", sweeps: "/sweeps", missing: "/nothing",
  };
}

describe("every page, whatever its theme and size", () => {
  let all;
  before(async () => { all = await paths(); });
  for (const lang of ["zh-CN", "en"]) for (const name of ["home", "incidents", "none", "incident", "posts", "search", "watches", "coverage", "sweeps", "missing"]) {
    test(`${name}, ${lang}`, async () => {
      const { page, complaints, close } = await visit(all[name], { lang });
      assert.equal(await page.getAttribute("html", "lang"), lang);
      await sound(page, name);
      // A missing page is a 404, which the browser reports.
      if (name !== "missing") assert.deepEqual(complaints, []);
      await close();
    });
  }
});

test("moments are told where the browser is", async () => {
  const { page, close } = await visit("/", { lang: "en", timezoneId: "America/New_York" });
  await page.goto(`${desk.address}/incidents`);
  assert.match(await page.locator("time[title]").first().getAttribute("title"), /-0[45]:00$/);
  await close();
});

test("every incident is reached from the list, page after page", async () => {
  const { page, close } = await visit("/", { lang: "en" });
  await page.goto(`${desk.address}/incidents`);
  const open = Number((await page.locator("#rooms a[aria-current] .n").textContent()).replaceAll(",", ""));
  const seen = new Set();
  for (;;) {
    for (const key of await page.locator("#incidents > li").evaluateAll((rows) => rows.map((row) => row.dataset.key))) {
      assert.ok(!seen.has(key), `${key} came twice`);
      seen.add(key);
    }
    const older = page.locator(".pages a[rel=next]");
    if (!(await older.count())) break;
    await older.click();
  }
  assert.ok(seen.size >= open, `${seen.size} listed of ${open} open`);
  await page.locator(".filters a", { hasText: "rumour" }).click();
  assert.equal(new URL(page.url()).search, "?category=rumour");
  for (const why of await page.locator("#incidents .why").allTextContents()) assert.match(why, /rumour/);
  await close();
});

test("without JavaScript everything is there", async () => {
  const { page, close } = await visit("/", { script: false });
  assert.ok(await page.locator("#incidents h3 a").count() > 0);
  await page.locator("#incidents h3 a").first().click();
  assert.ok(await page.locator("#posts .post").count() > 0);
  assert.equal(await page.locator("#show-new").isVisible(), false);
  await close();
});

test("the language is switched and stays", async () => {
  const { page, close } = await visit("/posts");
  await page.locator(".languages a").click();
  assert.equal(await page.getAttribute("html", "lang"), "en");
  assert.equal(new URL(page.url()).search, "");
  await page.goto(`${desk.address}/watches`);
  assert.equal(await page.getAttribute("html", "lang"), "en");
  await close();
});

test("what is new waits until it is asked for, and nothing moves", async () => {
  const context = await desk.browser.newContext({ locale: "en", viewport: sizes.desktop });
  const page = await context.newPage();
  // The first reading lacks the newest incident and post, as if they were heard a moment later.
  let readings = 0;
  await page.route(`${desk.address}/`, async (route) => {
    const answer = await route.fetch();
    let body = await answer.text();
    readings += 1;
    if (readings === 1) {
      for (const kind of ["incident", "post"]) body = body.replace(new RegExp(`<li class="${kind}[ "][^]*?</li>`), "");
    }
    await route.fulfill({ response: answer, body });
  });
  await page.goto(desk.address);
  const listed = () => page.locator("#incidents > li").evaluateAll((items) => items.map((item) => item.dataset.key));
  const before = await listed();
  const second = page.locator("#incidents h3 a").nth(1);
  await second.focus();
  const place = await second.boundingBox();
  await page.locator("#show-new").waitFor({ state: "visible" });
  assert.match(await page.locator("#show-new").textContent(), /^\d+ new/);
  assert.deepEqual(await listed(), before, "the list grew under the reader's eyes");
  assert.deepEqual(await second.boundingBox(), place, "what was being read has moved");
  assert.equal(await second.evaluate((link) => link === document.activeElement), true, "focus was lost");
  await page.evaluate(() => { globalThis.notReloaded = true; });
  await page.locator("#show-new").click();
  await page.locator("#show-new").waitFor({ state: "hidden" });
  const shown = await listed();
  for (const key of before) assert.ok(shown.includes(key), `${key} was lost`);
  assert.ok(shown.length > before.length, "nothing new was shown");
  assert.equal(await page.evaluate(() => globalThis.notReloaded), true, "the page was loaded again");
  await context.close();
});

test("a lost connection is said", async () => {
  const { page, close } = await visit("/", { lang: "en" });
  await page.route(`${desk.address}/`, (route) => route.abort());
  await page.locator("#lost").waitFor({ state: "visible", timeout: 60_000 });
  assert.match(await page.locator("#lost").textContent(), /Connection to Caifeng lost/);
  await close();
});

test("only our script runs, and nothing leaves for another site", async () => {
  const { page, complaints, close } = await visit("/posts?q=%22%3E%3Cimg%20src%3Dx%20onerror%3Dalert(1)%3E");
  assert.equal(await page.locator("main img, main script, main iframe").count(), 0);
  assert.equal(await page.inputValue("#q"), '"><img src=x onerror=alert(1)>');
  await page.goto(`${desk.address}/`);
  const outside = await page.locator("main a[href]").evaluateAll((links) =>
    links.filter((link) => link.origin !== location.origin).map((link) => [link.protocol, link.rel]));
  for (const [protocol, rel] of outside) {
    assert.match(protocol, /^https?:$/);
    assert.equal(rel, "noopener noreferrer nofollow");
  }
  assert.deepEqual(complaints, []);
  await close();
});

test("the skip link comes first and focus is visible", async () => {
  const { page, close } = await visit("/");
  await page.keyboard.press("Tab");
  const first = page.locator(":focus");
  assert.equal(await first.getAttribute("href"), "#main");
  const box = await first.boundingBox();
  assert.ok(box.x >= 0 && box.y >= 0, "the skip link is out of sight");
  await close();
});
