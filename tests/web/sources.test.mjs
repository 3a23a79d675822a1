// From nothing to a first source: the first steps, watches, topics, repairs, plugins and administration, in a real browser.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { createServer } from "node:http";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { open } from "./desk.mjs";
import { fresh, sound } from "./looks.mjs";

const password = "three white egrets over the weir";
const hostile = "停水两天 <img src=x onerror=\"document.title='broken'\">";
const feed = `<?xml version="1.0"?><rss version="2.0"><channel><title>县政府</title><link>http://127.0.0.1/</link><description>x</description>
<item><guid>1</guid><title>城东${hostile.replaceAll("<", "&lt;").replaceAll("\"", "&quot;")}</title><link>http://127.0.0.1/1</link><pubDate>Sun, 22 Nov 2026 08:00:00 +0800</pubDate></item>
<item><guid>2</guid><title>公园的长椅修好了</title><link>http://127.0.0.1/2</link></item></channel></rss>`;

let desk, site, source, context;
before(async () => {
  site = createServer((request, response) => {
    if (request.url === "/robots.txt") { response.writeHead(404).end(); return; }
    response.writeHead(200, { "content-type": "application/rss+xml; charset=utf-8" }).end(feed);
  });
  await new Promise((done) => { site.listen(0, "127.0.0.1", done); });
  const port = site.address().port;
  source = `http://127.0.0.1:${port}/rss/news.xml`;
  desk = await open({ config: `# 一份有人手写的配置\n[network]\nprivate = ["127.0.0.1:${port}"]\n` });
});
after(async () => { await context?.close(); await desk?.close(); site?.close(); });

async function page({ lang = "zh-CN", script = true } = {}) {
  await context?.close();
  const opened = await fresh(desk, { lang, script, storageState: context ? kept : undefined });
  context = opened.context;
  return Object.assign(opened.page, { complaints: opened.complaints });
}
let kept;

describe("sources and administration", { concurrency: false }, () => {
  test("five screens lead from nothing to the first live source, without a script", async () => {
    const code = desk.said().match(/[0-9A-Z]{4}(?:-[0-9A-Z]{4}){3}/)?.[0];
    const opened = await page({ script: false });
    await opened.goto(`${desk.address}/set-up-password`);
    await opened.fill("#name", "李明");
    await opened.fill("#code", code);
    await opened.fill("#password", password);
    await opened.fill("#again", password);
    await opened.click("button.go");
    await opened.waitForURL(`${desk.address}/welcome`);
    await opened.fill("#name", "青石县水务局");
    await opened.fill("#aliases", "水务局");
    await opened.fill("#accounts", "青石水务发布");
    await opened.click("button.go");
    await opened.waitForURL(`${desk.address}/welcome/source`);
    await opened.fill("#text", source);
    await opened.click("button.go");
    await opened.waitForSelector("#id");
    assert.match(await opened.textContent("main"), /feed 能读/);
    assert.match(await opened.textContent("main"), /停水两天 <img/);
    await opened.fill("#id", "county");
    await opened.click("button.go");
    await opened.waitForURL(`${desk.address}/welcome/topics`);
    await opened.click("button.go");
    await opened.waitForURL(`${desk.address}/welcome/channels`);
    await opened.click("a.go");
    await opened.waitForURL(`${desk.address}/welcome/done`);
    assert.match(await opened.textContent("main"), /1 处监测点/);
    assert.match(await opened.textContent("header"), /青石县水务局/);
    const text = readFileSync(join(desk.data, "..", "caifeng.toml"), "utf8");
    assert.ok(text.startsWith("# 一份有人手写的配置") && text.includes("county"), text);
    kept = await context.storageState();
  });

  test("the rooms are sound in both languages", async () => {
    for (const lang of ["zh-CN", "en"]) {
      const opened = await page({ lang });
      for (const path of ["/watches", "/watches/new", "/watches/county", "/topics", "/topics/new", "/repairs", "/plugins",
        "/admin", "/admin/plan", "/admin/channels", "/admin/keeping", "/welcome", "/welcome/topics", "/welcome/done"]) {
        await opened.goto(desk.address + path);
        await sound(opened, `sources${path.replaceAll("/", "-")}`);
      }
      await opened.goto(`${desk.address}/watches/new`);
      await opened.fill("#text", source);
      await opened.click("button.go");
      await opened.waitForSelector("#id");
      await sound(opened, "sources-preview");
      assert.notEqual(await opened.title(), "broken");
      assert.deepEqual(opened.complaints, []);
    }
  });

  test("a topic is tried on a text with the keyboard, and saved", async () => {
    const opened = await page();
    await opened.goto(`${desk.address}/topics/new`);
    await opened.fill("#name", "供水");
    await opened.fill("#any", "停水\n水压");
    await opened.fill("#text", hostile);
    await opened.press("#text", "Tab");
    await opened.keyboard.press("Enter");
    await opened.waitForSelector("mark");
    assert.equal(await opened.textContent("mark"), "停水");
    await sound(opened, "sources-tried");
    await opened.click("button.go");
    await opened.waitForURL(`${desk.address}/topics`);
    assert.match(await opened.textContent("main"), /供水/);
    assert.notEqual(await opened.title(), "broken");
  });

  test("a watch is paused with a reason, is to mend, and goes on", async () => {
    const opened = await page();
    await opened.goto(`${desk.address}/watches/county`);
    await opened.fill("#why", "网站改版");
    await opened.click("form[action$='/pause'] button");
    await opened.waitForSelector("[role=status]");
    await opened.goto(`${desk.address}/repairs`);
    assert.match(await opened.textContent("main"), /网站改版/);
    await sound(opened, "sources-mend");
    await opened.goto(`${desk.address}/watches/county`);
    await opened.click("form[action$='/resume'] button");
    assert.match(await opened.textContent("[role=status]"), /已恢复/);
  });

  test("somebody is added, and the code is shown once", async () => {
    const opened = await page();
    await opened.goto(`${desk.address}/admin`);
    await opened.fill("#name", "王芳");
    await opened.click("button.go");
    assert.match(await opened.textContent(".secret"), /[0-9A-Z]{4}(?:-[0-9A-Z]{4}){3}/);
    await sound(opened, "sources-code");
    await opened.goto(`${desk.address}/admin`);
    assert.equal(await opened.$(".secret"), null);
  });
});
