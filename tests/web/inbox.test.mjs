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

  test("what is restricted is marked for those who decide and is not there for others", async () => {
    const head = await entered();
    const path = await head.page.getAttribute("#matter a", "href");
    await head.go(path);
    await head.page.click("#act-restrict summary");
    await head.page.fill("#act-restrict textarea", "it concerns a child");
    await head.page.click("#act-restrict button");
    await head.page.locator(".said-done").waitFor();
    await looks(head, "restricted", desk.address);
    const staff = await enter(desk, "staff", { lang: "en" });
    assert.equal((await staff.go(path)).status(), 404);
    await head.go(path);
    await head.page.click("#act-unrestrict summary");
    await head.page.fill("#act-unrestrict textarea", "all is public by now");
    await head.page.click("#act-unrestrict button");
    await head.page.locator(".said-done").waitFor();
    assert.equal((await staff.go(path)).status(), 200);
    assert.deepEqual(head.complaints, []);
    await head.close();
    await staff.close();
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

  test("what comes in moves neither what is read nor what is typed", async () => {
    const reader = await entered();
    const room = await reader.page.getAttribute("#matter a", "href");
    await reader.go(room);
    const { page } = reader;
    await page.locator("#act-note > summary").click();
    await page.locator("#note").fill("half a sentence");
    await page.locator("#posts .post").last().scrollIntoViewIfNeeded();
    await page.locator("#note").focus();
    await page.locator("#posts .post").first().scrollIntoViewIfNeeded();
    const post = page.locator("#posts .post").first();
    const place = await post.boundingBox();
    await page.evaluate(() => { globalThis.notReloaded = true; });
    const other = await entered();
    await other.go(room);
    await other.page.locator("#act-note > summary").click();
    await other.page.fill("#note", "somebody else wrote this");
    await other.page.click("form[action$='/note'] button");
    // The page has read itself again: the time of its latest reading is on its clocks, and its answers are there.
    await page.waitForResponse((answer) => answer.url().endsWith(room) && answer.request().resourceType() === "fetch");
    await page.waitForTimeout(500);
    assert.equal(await page.inputValue("#note"), "half a sentence");
    assert.equal(await page.locator("#note").evaluate((field) => field === document.activeElement), true, "focus was lost");
    assert.deepEqual(await post.boundingBox(), place, "what was being read has moved");
    assert.equal(await page.evaluate(() => globalThis.notReloaded), true, "the page was loaded again");
    assert.deepEqual(reader.complaints, []);
    await reader.close();
    await other.close();
  });

  test("a room leads on: evidence as an archive, its record, an answer, a disclosure", async () => {
    const person = await enter(desk, "head", { lang: "en" });
    await person.go("/incidents");
    await person.go(await person.page.getAttribute(".incident h3 a", "href"));
    const { page } = person;
    const room = new URL(page.url()).pathname;
    const [taken] = await Promise.all([page.waitForEvent("download"), page.locator(`form[action="${room}/evidence"] button`).click()]);
    assert.match(taken.suggestedFilename(), /^incident-\d+\.zip$/);
    assert.equal(await taken.failure(), null);
    await page.locator(`a[href="${room}/record"]`).click();
    assert.match(await page.textContent("[role=status]"), /entries are what was chained/);
    assert.match(await page.textContent("main"), /evidence was handed out/);
    await looks(person, "record", desk.address);
    await person.go(room);
    await page.locator("#around a[href^='/disclosures/new']").click();
    assert.equal(await page.inputValue("#answers"), room.split("/").pop());
    assert.deepEqual(person.complaints, []);
    await person.close();
    const spokesperson = await enter(desk, "spokesperson", { lang: "en" });
    await spokesperson.go(room);
    await spokesperson.page.locator("#answers a.button").click();
    await spokesperson.page.waitForURL(/replies\/new$/);
    await spokesperson.close();
  });

  test("a step takes several files on a phone", async () => {
    const person = await enter(desk, "head", { lang: "en", size: "phone" });
    await person.go("/inbox");
    const room = await person.page.getAttribute("#matter a", "href");
    await person.page.click("button[name=category][value=emergency]");
    await person.close();
    const staff = await enter(desk, "staff", { lang: "en", size: "phone" });
    await staff.go(room);
    const { page } = staff;
    assert.equal(await page.locator(".go:visible").count(), 1, "one filled button");
    await page.locator(".checklist summary.go").click();
    const step = page.locator(".checklist details[open] form");
    await step.locator("textarea").fill("two of us are there");
    const file = (name) => ({ name, mimeType: "image/png", buffer: Buffer.from(`picture ${name}`) });
    await step.locator('input[type="file"]').setInputFiles([file("a.png"), file("b.png"), file("c.png")]);
    await step.locator("button").click();
    await page.locator(".said-done").waitFor();
    assert.equal(await page.locator(".checklist .done a[href^='/documents/']").count(), 3);
    assert.deepEqual(staff.complaints, []);
    await looks(staff, "step-done", desk.address);
    await staff.close();
  });
});
