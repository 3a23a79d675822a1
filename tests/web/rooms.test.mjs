// Disclosures, what the public reads, contacts, cases, drills and referrals: each by who does it, in every look.

import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { open } from "./desk.mjs";
import { enter, incident, looks } from "./rooms.mjs";

describe("what is told and kept", () => {
  let desk, legal, head, id;
  before(async () => {
    desk = await open();
    legal = await enter(desk, "legal");
    head = await enter(desk, "head");
    id = await incident(legal);
  });
  after(async () => { await desk?.close(); });

  test("a disclosure goes from the calendar to a channel", async () => {
    const { page } = legal;
    await legal.go("/disclosures/new");
    await page.locator("#title").fill("夏季供水安排 <script>alert(1)</script>");
    await page.locator('input[name="channel"]').first().check();
    await page.locator("#due").fill("2027-12-01T09:00");
    await page.locator("#text").fill("11 月 26 日起分时段供水，供水股负责，热线 96116。");
    await looks(legal, "disclosure-form", desk.address);
    await page.locator("#title").fill("夏季供水安排 <script>alert(1)</script>");
    await page.locator('input[name="channel"]').first().check();
    await page.locator("#text").fill("11 月 26 日起分时段供水，供水股负责，热线 96116。");
    await page.locator("form#draft button.go").click();
    await page.waitForURL(/\/disclosures\/\d+$/);
    const place = new URL(page.url()).pathname;
    const spokesperson = await enter(desk, "spokesperson");
    await spokesperson.go(place);
    await spokesperson.page.locator('form[action$="/review"] button').click();
    await head.go(place);
    await head.page.locator('form[action$="/approve"] button').click();
    await spokesperson.go(place);
    assert.ok((await spokesperson.page.locator(".paste textarea").first().inputValue()).includes("夏季供水安排"));
    await looks(spokesperson, "disclosure", desk.address);
    await spokesperson.page.locator('form[action$="/publish"] button').first().click();
    await spokesperson.page.locator(".said-done").waitFor();
    await spokesperson.go("/disclosures");
    await looks(spokesperson, "disclosures", desk.address);
    assert.deepEqual([...legal.complaints, ...spokesperson.complaints], []);
    await spokesperson.close();
  });

  test("the public reads what another person approved", async () => {
    const { page } = legal;
    await legal.go(`/incidents/${id}/summaries/new`);
    await looks(legal, "summary-form", desk.address);
    await page.locator("#raised").fill("群众反映停水没有通知。");
    await page.locator("#answered").fill("当日恢复供水，今后提前一天告知。");
    await page.locator("button.go").click();
    await page.locator(".said-done").waitFor();
    await head.go("/summaries");
    await looks(head, "summaries", desk.address);
    await head.page.locator('form[action$="/approve"] button').click();
    await head.page.locator(".said-done").waitFor();
    await head.go("/public");
    assert.equal(await head.page.locator("nav, form, script").count(), 0, "nothing of the desk");
    await looks(head, "public", desk.address);
    assert.deepEqual(head.complaints, []);
  });

  test("a contact is added, spoken with and linked; a file is looked at first", async () => {
    const staff = await enter(desk, "staff");
    const { page } = staff;
    await staff.go("/contacts/new");
    await looks(staff, "contact-form", desk.address);
    await page.locator("#organisation").fill("云溪晚报");
    await page.locator("#role").fill("值班编辑");
    await page.locator("#phones").fill("0318-5320000 转 8");
    await page.locator("button.go").click();
    await page.waitForURL(/\/contacts\/\d+$/);
    assert.equal(await page.locator('.ways a[href="tel:03185320000"]').count(), 1);
    await page.locator("#note").fill("约好下午三点给素材");
    await page.locator('input[name="spoke"]').check();
    await page.locator("button.go").click();
    await page.locator("#link-incident").fill(String(id));
    await page.locator('form[action$="/link"]:has(#link-incident) button').click();
    await page.locator(`aside a[href="/incidents/${id}"]`).waitFor();
    await looks(staff, "contact", desk.address);
    await staff.go("/contacts");
    const card = "BEGIN:VCARD\r\nVERSION:3.0\r\nFN:王芳\r\nORG:河北日报\r\nTITLE:记者\r\nTEL:0311-88661234\r\nEND:VCARD\r\n";
    await page.locator("#file").setInputFiles({ name: "a.vcf", mimeType: "text/vcard", buffer: Buffer.from(card) });
    await page.locator('form[action="/contacts/import"] button').first().click();
    assert.ok((await page.locator("main").textContent()).includes("可导入 1 个"));
    await page.locator("#file").setInputFiles({ name: "a.vcf", mimeType: "text/vcard", buffer: Buffer.from(card) });
    await page.locator('button[name="take"]').click();
    await page.waitForURL(/\/contacts$/);
    await looks(staff, "contacts", desk.address);
    assert.deepEqual(staff.complaints, []);
    await staff.close();
  });

  test("cases, drills and referrals say what comes first", async () => {
    for (const [name, path] of Object.entries({
      cases: "/cases", drills: "/drills", referral: `/incidents/${id}/referral`, "case-form": `/incidents/${id}/cases/new`,
    })) {
      await legal.go(path);
      await looks(legal, name, desk.address);
    }
    await legal.go(`/incidents/${id}/cases/new`);
    await legal.page.locator("button.go").click();
    await legal.page.locator("main.alone").waitFor();
    assert.ok((await legal.page.locator("main").textContent()).includes("案例"), "an incident that is not over is no case");
  });
});
