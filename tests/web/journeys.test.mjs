// The six ways through the desk that its plan asks for, each with a mouse, with the keyboard alone and with a thumb:
// listen (from nothing to a first source), judge, answer (an emergency, from the inbox to the archive), hand in, tell of
// one's own accord, learn (a report, a case, its check, a drill). And fifty incidents judged without the mouse.

import assert from "node:assert/strict";
import { createServer } from "node:http";
import { after, before, describe, test } from "node:test";
import { open } from "./desk.mjs";
import { hands } from "./hands.mjs";
import { fresh } from "./looks.mjs";

// A picture of one transparent pixel.
const PIXEL = Buffer.from("iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNkYPhfDwAChwGA60e6kgAAAABJRU5ErkJggg==", "base64");
const PASSWORD = "three white egrets over the weir";

/** Somebody at a page with one way to work it. */
class Person {
  constructor(desk, hand, { page, complaints, close }) { Object.assign(this, { desk, hand, page, complaints, close }); }

  /** The first element that fits. */
  one(what) { return this.page.locator(what).first(); }
  /** Presses what leads on, and waits for the page it leads to. */
  async press(what, until = ".said-done") {
    await this.hand.press(this.one(what));
    await this.page.locator(until).first().waitFor();
  }
  async write(what, text) { await this.hand.write(this.one(what), text); }
  async choose(what, value) { await this.hand.choose(this.one(what), value); }
  /** Opens what is folded. */
  async unfold(id) { await this.hand.press(this.one(`${id} > summary`)); }
  /** Hands a file to a field, through the window that it opens. */
  async attach(what) {
    const [chooser] = await Promise.all([this.page.waitForEvent("filechooser"), this.hand.press(this.one(what))]);
    await chooser.setFiles({ name: "图.png", mimeType: "image/png", buffer: PIXEL });
  }
  /** By the rail, as everybody goes. */
  async room(path) {
    const link = this.one(`#rooms a[href="${path}"]`);
    if (!(await link.isVisible())) await this.unfold("#more-rooms");
    await this.hand.press(link);
    await this.page.waitForURL(this.desk.address + path);
  }
  /** By a link of the page, or an address that somebody sent. */
  async open(path) { await this.page.goto(this.desk.address + path, { waitUntil: "load" }); }
  async leave() {
    assert.deepEqual(this.complaints, []);
    await this.close();
  }
}

/** Somebody who has entered the demo in a role. */
async function enter(desk, hand, role) {
  const person = new Person(desk, hand, await fresh(desk, { lang: "zh-CN", size: hand.size }));
  await person.open("/");
  await person.choose('select[name="role"]', role);
  await person.press('form[action="/demo/enter"] button');
  return person;
}

/** The number at the end of the address that is open. */
const number = ({ page }) => Number(new URL(page.url()).pathname.split("/").pop());

describe("from nothing to a first source", { concurrency: false }, () => {
  let site, source, port;
  before(async () => {
    const feed = `<?xml version="1.0"?><rss version="2.0"><channel><title>县政府</title><link>http://127.0.0.1/</link><description>x</description>
<item><guid>1</guid><title>城东停水</title><link>http://127.0.0.1/1</link><pubDate>Sun, 22 Nov 2026 08:00:00 +0800</pubDate></item></channel></rss>`;
    site = createServer((request, response) => {
      if (request.url === "/robots.txt") { response.writeHead(404).end(); return; }
      response.writeHead(200, { "content-type": "application/rss+xml; charset=utf-8" }).end(feed);
    });
    await new Promise((done) => { site.listen(0, "127.0.0.1", done); });
    port = site.address().port;
    source = `http://127.0.0.1:${port}/rss/news.xml`;
  });
  after(() => site?.close());

  for (const hand of hands) test(`with ${hand.name}`, async () => {
    const desk = await open({ config: `[network]\nprivate = ["127.0.0.1:${port}"]\n` });
    try {
      const code = desk.said().match(/[0-9A-Z]{4}(?:-[0-9A-Z]{4}){3}/)?.[0];
      const person = new Person(desk, hand, await fresh(desk, { size: hand.size }));
      await person.open("/set-up-password");
      await person.write("#name", "李明");
      await person.write("#code", code);
      await person.write("#password", PASSWORD);
      await person.write("#again", PASSWORD);
      await person.press("button.go", "#aliases");
      await person.write("#name", "青石县水务局");
      await person.write("#aliases", "水务局");
      await person.press("button.go", "#text");
      await person.write("#text", source);
      await person.press("button.go", "#id");
      await person.write("#id", "county");
      await person.press("main form:has(#id) button.go", 'main form[action="/welcome/topics"] button.go, main form button.go');
      await person.page.waitForURL(`${desk.address}/welcome/topics`);
      await person.hand.press(person.one("button.go"));
      await person.page.waitForURL(`${desk.address}/welcome/channels`);
      await person.hand.press(person.one("a.go"));
      await person.page.waitForURL(`${desk.address}/welcome/done`);
      assert.match(await person.page.textContent("main"), /1 处监测点/);
      await person.leave();
    } finally {
      await desk.close();
    }
  });
});

describe("at the desk", { concurrency: false }, () => {
  let desk;
  // Where each hand closed an emergency.
  const closed = new Map();
  before(async () => {
    desk = await open();
    // A demo that has just started is still sweeping.
    const head = await enter(desk, hands[0], "head");
    await head.open("/inbox");
    for (let waited = 0; !(await head.page.locator("#matter").count()) && waited < 50; waited++) {
      await head.page.waitForTimeout(300);
      await head.page.reload();
    }
    await head.leave();
  });
  after(async () => { await desk?.close(); });

  for (const hand of hands) {
    test(`what was heard is judged, taken back, judged again: ${hand.name}`, async () => {
      const head = await enter(desk, hand, "head");
      await head.room("/inbox");
      const title = await head.page.textContent("#matter");
      await head.press(".choices button[value=suggestion]", "#undo");
      assert.notEqual(await head.page.textContent("#matter"), title);
      await head.press("#undo button", `#matter:has-text(${JSON.stringify(title.slice(0, 12))})`);
      await head.press(".choices button[value=problem]", "#undo");
      assert.notEqual(await head.page.textContent("#matter"), title);
      await head.leave();
    });

    test(`an emergency is handled, answered and closed: ${hand.name}`, async () => {
      const head = await enter(desk, hand, "head");
      await head.room("/inbox");
      const place = await head.page.getAttribute("#matter a", "href");
      await head.press(".choices button[value=emergency]", "#undo");
      const staff = await enter(desk, hand, "staff");
      await staff.open(place);
      for (const [step, note] of [["on-site", "供水站三人，八时四十到场"], ["investigate", "已核实：主管破裂。未核实：原因"]]) {
        await staff.unfold(`#do-${step}`);
        await staff.write(`#do-${step} textarea`, note);
        await staff.press(`#do-${step} button`, `#step-${step}:not(:has(#do-${step}))`);
      }
      // The answer: written, reviewed by another, approved, published by a person, with its receipt.
      await staff.open(`${place}/replies/new`);
      await staff.write("#text", "城东水厂 11 月 26 日 8 时起停水，抢修组负责人张工，18 时前恢复供水。供水热线 96116。");
      await staff.press("form#draft button.go");
      const reply = number(staff);
      const legal = await enter(desk, hand, "legal");
      await legal.room("/replies");
      await legal.press(`#yours a[href="/replies/${reply}"]`, ".next-step");
      await legal.press(".next-step button.go");
      await head.room("/replies");
      await head.press(`#yours a[href="/replies/${reply}"]`, ".next-step");
      await head.press('form[action$="/approve"] button.go');
      const spokesperson = await enter(desk, hand, "spokesperson");
      await spokesperson.open(`/replies/${reply}`);
      await spokesperson.press('form[action$="/publish"] button.go');
      await spokesperson.attach("#file");
      await spokesperson.press('form[action$="/receipt"] button.go');
      // With it the last step is done, and the matter comes to its end.
      await spokesperson.open(place);
      await spokesperson.unfold("#do-publish");
      await spokesperson.press("#do-publish button", "#step-publish:not(:has(#do-publish))");
      await head.open(place);
      await head.unfold("#act-close");
      await head.write("#act-close textarea", "已恢复供水，商户已回访");
      await head.press("#act-close form button", "main:not(:has(#act-close))");
      for (const person of [head, staff, legal, spokesperson]) await person.leave();
      closed.set(hand.name, place);
    });

    test(`what is over becomes a case, is read by another, and is drilled: ${hand.name}`, async () => {
      const head = await enter(desk, hand, "head");
      await head.open(`${closed.get(hand.name)}/cases/new`);
      await head.write("#lessons", "配件应有备货");
      await head.press("form.written button.go");
      const place = new URL(head.page.url()).pathname;
      const legal = await enter(desk, hand, "legal");
      await legal.open(place);
      await legal.press('form[action$="/check"] button.go', 'form[action$="/release"]');
      await legal.press('form[action$="/release"] button.go', "main:not(:has(form[action$='/release']))");
      await head.open(place);
      await head.choose('select[name="speed"]', "0");
      await head.press('form[action$="/drill"] button', "#score-title, #how-title");
      for (const person of [legal, head]) await person.leave();
    });

    test(`what somebody saw is handed in, and the leading group judges it: ${hand.name}`, async () => {
      const staff = await enter(desk, hand, "staff");
      await staff.room("/submit");
      // Three matters: what is told twice becomes one.
      const thing = { mouse: "井盖", keyboard: "电梯", thumb: "站牌" }[hand.name];
      const words = { mouse: "城东市场门口的井盖不见了", keyboard: "文化馆的电梯三天困了两次人", thumb: "三中公交站牌倒在地上没人扶" }[hand.name];
      await staff.write("#text", words);
      await staff.attach("#file");
      await staff.press("main form button.go");
      const place = new URL(staff.page.url()).pathname;
      assert.ok((await staff.page.textContent("h1")).includes(thing));
      const head = await enter(desk, hand, "head");
      await head.open(place);
      await head.press('main a.go[href^="/inbox?at="]', `#matter:has-text("${thing}")`);
      await head.press(".choices button[value=problem]", "#undo");
      for (const person of [staff, head]) await person.leave();
    });

    test(`something is told of one's own accord: ${hand.name}`, async () => {
      const staff = await enter(desk, hand, "staff");
      await staff.room("/disclosures");
      await staff.press("a.go", "#title");
      await staff.write("#title", `供水管网改造进展（${hand.name}）`);
      const channel = staff.one('input[name="channel"]');
      if (!(await channel.isChecked())) await hand.tick(channel);
      await staff.write("#text", "城东片区供水管网改造已完成三公里，预计 12 月 20 日完工。咨询电话 96116。");
      await staff.press("form#draft button.go");
      const disclosure = number(staff);
      const legal = await enter(desk, hand, "legal");
      await legal.open(`/disclosures/${disclosure}`);
      await legal.press(".next-step form button.go");
      const head = await enter(desk, hand, "head");
      await head.open(`/disclosures/${disclosure}`);
      await head.press(".next-step form button.go");
      for (const person of [staff, legal, head]) await person.leave();
    });

    test(`a report is read and taken away: ${hand.name}`, async () => {
      const head = await enter(desk, hand, "head");
      await head.room("/reports");
      await head.choose("#span-kind", "weekly");
      await head.press("form:has(#span-kind) button.go", "article.paper h1");
      const [file] = await Promise.all([head.page.waitForEvent("download"), head.hand.press(head.one(".downloads a.go"))]);
      assert.match(file.suggestedFilename(), /^weekly-.*\.docx$/);
      await head.leave();
    });
  }

  test("fifty incidents are judged without the mouse, a key for each", async (t) => {
    const head = await enter(desk, hands[1], "head");
    await head.open("/inbox");
    const [waits] = (await head.page.textContent("#queue")).match(/\d+(?= 件|$)/g)?.slice(-1) ?? [];
    const judged = [];
    const began = performance.now();
    for (let n = 0; n < 50; n++) {
      const at = await head.page.getAttribute("#matter a", "href");
      judged.push(at);
      await head.page.keyboard.press("12345a"[n % 6] === "a" && !(await head.page.locator('[aria-keyshortcuts="a"]').count()) ? "1" : "12345a"[n % 6]);
      await head.page.waitForFunction((was) => document.querySelector("#matter a")?.getAttribute("href") !== was, at);
    }
    const seconds = (performance.now() - began) / 1_000;
    t.diagnostic(`50 incidents, 50 keys, ${seconds.toFixed(1)} s until the desk had confirmed the last (${waits} waited)`);
    assert.equal(new Set(judged).size, 50);
    for (const at of judged) {
      const { category } = await head.page.request.get(`${desk.address}/api/v1${at}`).then((answer) => answer.json()).then((it) => it.incident ?? it);
      assert.ok(category, at);
    }
    await head.leave();
  });
});
