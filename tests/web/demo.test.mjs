// The end of a demo in a real browser: one button, one confirmation, the first steps at the same address; without a script.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { open } from "./desk.mjs";
import { fresh } from "./looks.mjs";
import { enter, looks } from "./rooms.mjs";

let desk;
before(async () => {
  desk = await open();
  // A demo that has just started is still sweeping.
  const { page, close } = await fresh(desk);
  await page.goto(desk.address);
  await page.locator("#incidents h3 a").first().or(page.locator("#show-new:not([hidden])")).first().waitFor();
  await close();
});
after(async () => { await desk?.close(); });

test("who handles incidents is not offered it; who sets Caifeng up is", async () => {
  for (const [role, offered] of [["head", 0], ["system", 1]]) {
    const person = await enter(desk, role, { lang: "en" });
    await person.go("/account");
    assert.equal(await person.page.locator("#end-demo").count(), offered, role);
    if (offered) await looks(person, "end-demo", desk.address);
    assert.deepEqual(person.complaints, []);
    await person.close();
  }
});

test("the demo is removed with one button and the first steps begin, without a script", async () => {
  const { page, close } = await fresh(desk, { lang: "en", script: false, size: "phone" });
  await page.goto(desk.address);
  await page.click("#end-demo > summary");
  assert.match(await page.textContent("#end-demo"), /for good/);
  await page.click("#end-demo button");
  await page.waitForURL(/set-up-password/);
  const code = desk.said().match(/with the code ([A-Z0-9-]+)/)[1];
  await page.fill("#name", "chen");
  await page.fill("#code", code);
  for (const field of ["#password", "#again"]) await page.fill(field, "a long password of chen");
  await page.click("button.go");
  await page.waitForURL(/\/welcome$/);
  assert.equal(await page.locator(".demo-band").count(), 0, "it is no demo any more");
  await page.goto(`${desk.address}/watches`);
  assert.doesNotMatch(await page.content(), /yunxi/, "nothing of the demo is listened to");
  await close();
});
