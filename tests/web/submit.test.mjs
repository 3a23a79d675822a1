// Whoever works here hands in what they saw, with one thumb; reports are read on a page and taken away.

import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { open } from "./desk.mjs";
import { enter, incident, looks } from "./rooms.mjs";

const PIXEL = Buffer.from("iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNkYPhfDwAChwGA60e6kgAAAABJRU5ErkJggg==", "base64");

describe("by hand", () => {
  let desk, staff;
  before(async () => { desk = await open(); staff = await enter(desk, "staff", { size: "phone" }); });
  after(async () => { await desk?.close(); });

  test("a picture is handed in on a phone", async () => {
    await staff.go("/submit");
    const { page } = staff;
    await looks(staff, "submit", desk.address);
    await page.setViewportSize({ width: 360, height: 740 });
    for (const box of await page.locator("main form.written input, main form.written textarea, main form.written button").all()) {
      const { height, width } = await box.boundingBox();
      assert.ok(height >= 44 && width >= 280, `large enough for a thumb: ${width} × ${height}`);
    }
    await page.locator("#text").fill("城东市场门口的井盖不见了 <script>alert(1)</script>");
    await page.locator("#file").setInputFiles({ name: "IMG_1.png", mimeType: "image/png", buffer: PIXEL });
    await page.locator("button.go").tap();
    await page.waitForURL(/\/incidents\/\d+$/);
    assert.ok((await page.locator(".said-done").textContent()).includes("领导小组已收到提醒"));
    assert.ok((await page.locator("h1").textContent()).includes("井盖"));
    assert.deepEqual(staff.complaints, []);
  });

  test("what is no picture is refused, and why", async () => {
    await staff.go("/submit");
    await staff.page.locator("#file").setInputFiles({ name: "a.png", mimeType: "image/png", buffer: Buffer.from("<svg onload=alert(1)>") });
    await staff.page.locator("button.go").tap();
    await staff.page.locator("main.alone").waitFor();
    assert.ok((await staff.page.locator("main").textContent()).includes("不是图片"));
  });

  test("a report is read on a page and taken away", async () => {
    const head = await enter(desk, "head");
    const id = await incident(head);
    await head.go("/reports");
    await looks(head, "reports", desk.address);
    await head.page.locator("#incident").fill(String(id));
    await head.page.locator("#incident-kind").selectOption("special");
    await head.page.locator('form:has(#incident) button').click();
    await head.page.locator("article.paper h1").waitFor();
    await looks(head, "report", desk.address);
    const [file] = await Promise.all([head.page.waitForEvent("download"), head.page.locator(".downloads a.go").click()]);
    assert.match(file.suggestedFilename(), /^special-.*\.docx$/);
    assert.deepEqual(head.complaints, []);
    await head.close();
  });
});
