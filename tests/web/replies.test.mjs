// An answer, from a draft to the receipt of what was published, by five people; approved on a phone in three taps.

import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { open } from "./desk.mjs";
import { enter, incident, looks } from "./rooms.mjs";

// A picture of one transparent pixel.
const PIXEL = Buffer.from("iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNkYPhfDwAChwGA60e6kgAAAABJRU5ErkJggg==", "base64");

describe("an answer", () => {
  let desk, staff, head, id, reply;
  before(async () => {
    desk = await open();
    staff = await enter(desk, "staff");
    head = await enter(desk, "head", { size: "phone" });
    id = await incident(staff);
    const { version } = await head.api("GET", `/incidents/${id}`).then((it) => it.standing ?? it);
    await head.api("POST", `/incidents/${id}/decisions`, {
      version, decision: { assess: { category: "problem", level: null, reason: "涉及供水" } },
    });
  });
  after(async () => { await desk?.close(); });

  test("is written with the aid beside it", async () => {
    await staff.go(`/incidents/${id}/replies/new`);
    const { page } = staff;
    await page.locator("#text").fill("<script>alert(1)</script> 有关部门高度重视，将尽快恢复供水。");
    await page.locator("#aid .pointed li").first().waitFor();
    await looks(staff, "draft", desk.address);
    await page.locator("#text").fill("城东水厂 11 月 26 日 8 时起停水，抢修组负责人张工，18 时前恢复供水。供水热线 96116。<b>以此为准</b>");
    await page.locator('form#draft button.go').click();
    await page.waitForURL(/\/replies\/\d+$/);
    reply = page.url().split("/").pop();
    assert.ok((await page.locator(".said-done").textContent()).includes("他人审核"));
    assert.ok((await page.locator(".letter").textContent()).includes("<b>以此为准</b>"), "what was written is text");
    assert.equal(await page.locator(".next-step button.go").count(), 0, "nobody reviews their own text");
  });

  test("is reviewed by somebody else", async () => {
    const monitor = await enter(desk, "legal");
    await monitor.go("/replies");
    await looks(monitor, "replies", desk.address);
    await monitor.page.locator(`#yours a[href="/replies/${reply}"]`).click();
    await monitor.page.locator(".next-step button.go").click();
    await monitor.page.locator(".said-done").waitFor();
    assert.deepEqual(monitor.complaints, []);
    await monitor.close();
  });

  test("is approved on a phone in three taps", async () => {
    await head.go("/");
    const { page } = head;
    let taps = 0;
    const tap = async (locator) => { taps += 1; await locator.tap(); };
    await tap(page.locator('#rooms a[href="/replies"]'));
    await tap(page.locator(`#yours a[href="/replies/${reply}"]`));
    const approve = page.locator('form[action$="/approve"] button.go');
    const box = await approve.boundingBox();
    assert.ok(box.height >= 44 && box.width >= 250, `as wide as a thumb needs: ${JSON.stringify(box)}`);
    await tap(approve);
    await page.locator(".said-done").waitFor();
    assert.equal(taps, 3);
    assert.ok((await page.locator("#standing").textContent()).includes("待发布"));
    assert.deepEqual(head.complaints, []);
  });

  test("is published by a person, and its receipt kept", async () => {
    const spokesperson = await enter(desk, "spokesperson");
    await spokesperson.go(`/replies/${reply}`);
    const { page } = spokesperson;
    assert.ok((await page.locator(".paste textarea").first().inputValue()).includes("城东水厂"));
    await page.locator('form[action$="/publish"] button.go').click();
    await page.locator(".said-done").waitFor();
    await page.locator("#file").setInputFiles({ name: "截图.png", mimeType: "image/png", buffer: PIXEL });
    await page.locator('form[action$="/receipt"] button.go').click();
    await page.locator(".said-done").waitFor();
    const shown = page.locator('.next-step a[href^="/documents/"]');
    const answer = await page.request.get(desk.address + (await shown.getAttribute("href")));
    assert.equal(answer.headers()["content-type"], "image/png");
    await looks(spokesperson, "reply", desk.address);
    assert.deepEqual(spokesperson.complaints, []);
    await spokesperson.close();
  });

  test("is written without a script, too", async () => {
    const plain = await enter(desk, "staff", { script: false });
    await plain.go(`/incidents/${id}/replies/new`);
    await plain.page.locator("#text").fill("有关部门高度重视。");
    await plain.page.locator('button[name="look"]').click();
    assert.ok((await plain.page.locator("#aid .pointed li").count()) > 0);
    assert.equal(await plain.page.locator("#text").inputValue(), "有关部门高度重视。");
    await plain.close();
  });
});
