// What is typed outlives a lost connection, in a real browser.

import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { open } from "./desk.mjs";
import { enter, incident } from "./rooms.mjs";

let desk;
let number;
before(async () => {
  desk = await open();
  const person = await enter(desk, "head", { lang: "en" });
  number = await incident(person);
  await person.close();
});
after(async () => { await desk?.close(); });

const draft = () => `/incidents/${number}/replies/new`;
const note = (page) => page.locator("form[data-keep] [role=status] button.insert");

describe("a draft", { concurrency: false }, () => {
  test("is there again after the line was down, and gone once it was saved", async () => {
    const { page, context, go, close } = await enter(desk, "staff", { lang: "en" });
    await go(draft());
    await page.locator("#text").pressSequentially("The pipe is mended.");
    await context.setOffline(true);
    await page.locator("#draft .go").click();
    await page.waitForTimeout(500);
    await context.setOffline(false);
    await go(draft());
    assert.equal(await page.inputValue("#text"), "The pipe is mended.");
    assert.equal(await note(page).textContent(), "Discard it");
    await page.locator("#draft .go").click();
    await page.locator(".said-done").waitFor();
    await go(draft());
    assert.equal(await page.inputValue("#text"), "", "what was saved is no draft any more");
    await close();
  });

  test("is discarded when its writer says so, and is nobody else's", async () => {
    const { page, context, go, close } = await enter(desk, "staff", { lang: "en" });
    await go(draft());
    await page.locator("#text").pressSequentially("half a sent");
    await go("/incidents");
    await go(draft());
    await note(page).click();
    assert.equal(await page.inputValue("#text"), "");
    await page.reload();
    assert.equal(await page.inputValue("#text"), "");
    // Somebody else in the same tab, whose session came without a sign-out.
    await page.locator("#text").pressSequentially("another half");
    const other = await enter(desk, "monitor", { lang: "en" });
    const session = (await other.context.cookies()).find((cookie) => cookie.name === "caifeng_session");
    await context.addCookies([session]);
    await go(draft());
    assert.equal(await page.inputValue("#text"), "");
    await other.close();
    await close();
  });

  test("does not take the place of what a colleague wrote meanwhile", async () => {
    const { page, go, close } = await enter(desk, "staff", { lang: "en" });
    await go(draft());
    await page.locator("#text").fill("first words");
    await page.locator("#draft .go").click();
    await page.locator(".said-done").waitFor();
    const edit = `${new URL(page.url()).pathname}/edit`;
    await go(edit);
    await page.locator("#text").fill("mine");
    const other = await enter(desk, "monitor", { lang: "en" });
    await other.go(edit);
    await other.page.locator("#text").fill("theirs");
    await other.page.locator("#draft .go").click();
    await other.page.locator(".said-done").waitFor();
    await other.close();
    await go(edit);
    assert.equal(await page.inputValue("#text"), "theirs");
    await note(page).click();
    assert.equal(await page.inputValue("#text"), "mine");
    await close();
  });
});
