// Administration in a real browser: channels, the plan, what is kept, backups, plugins by file, the record; in every look.

import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { after, before, describe, test } from "node:test";
import { fileURLToPath } from "node:url";
import { open } from "./desk.mjs";
import { fresh, sound } from "./looks.mjs";

const root = fileURLToPath(new URL("../..", import.meta.url));
const password = "three white egrets over the weir";
const key = "693a91f6-7xxx-4bc4-97a0";

let desk, system, audit;
before(async () => { desk = await open({ config: "[organisation]\nname = \"青石县水务局\"\n" }); });
after(async () => { await system?.close(); await audit?.close(); await desk?.close(); });

/** Somebody who chooses a password with a code. */
async function arrive(name, code) {
  const opened = await fresh(desk);
  await opened.page.goto(`${desk.address}/set-up-password`);
  await opened.page.fill("#name", name);
  await opened.page.fill("#code", code);
  await opened.page.fill("#password", password);
  await opened.page.fill("#again", password);
  await opened.page.click("button.go");
  await opened.page.waitForURL((url) => !url.pathname.startsWith("/set-up-password"));
  if (new URL(opened.page.url()).pathname === "/sign-in") {
    await opened.page.fill("#name", name);
    await opened.page.fill("#password", password);
    await opened.page.click("button.go");
    await opened.page.waitForURL((url) => url.pathname !== "/sign-in");
  }
  return opened;
}

/** Every look of the page that is open, in both languages; `again` brings it back after the language has changed. */
async function looks({ page, context }, name, again) {
  for (const lang of ["en", "zh-CN"]) {
    await context.addCookies([{ name: "lang", value: lang, url: desk.address }]);
    await again();
    assert.equal(await page.getAttribute("html", "lang"), lang);
    await sound(page, name);
  }
}

describe("administration", { concurrency: false }, () => {
  test("a channel is added, and its key is on no page", async () => {
    system = await arrive("李明", desk.said().match(/[0-9A-Z]{4}(?:-[0-9A-Z]{4}){3}/)[0]);
    const { page } = system;
    const go = (path) => () => page.goto(desk.address + path);
    for (const kind of ["mail", "dingtalk"]) await looks(system, `admin-channel-${kind}`, go(`/admin/channels/form?kind=${kind}`));
    await page.goto(`${desk.address}/admin/channels`);
    await page.click("a[href='/admin/channels/form?kind=wecom']");
    await page.fill("#id", "duty");
    await page.fill("#secret-key", key);
    await page.locator("input[name=tell]").first().check();
    await page.click("button.go");
    await page.locator(".said-done").waitFor();
    assert.ok(!(await page.content()).includes(key));
    assert.ok(readFileSync(join(desk.data, "secrets.toml"), "utf8").includes(key));
    await looks(system, "admin-channels", go("/admin/channels"));
    await page.goto(`${desk.address}/admin/channels/form?id=duty`);
    assert.equal(await page.inputValue("#secret-key"), "");
  });

  test("a plan is written, checked where it is wrong, and proposed", async () => {
    const { page } = system;
    await page.goto(`${desk.address}/admin/plan`);
    const text = await page.inputValue("#text");
    await page.fill("#text", text.replace('due = "5h"', 'due = "5x"'));
    await page.click("form[action='/admin/plan/check'] button:not(.go)");
    assert.match(await page.textContent("main [role=status]"), /1/);
    assert.match(await page.textContent("form ol.told"), /plan\.toml:\d+:\d+/);
    assert.ok((await page.inputValue("#text")).includes('due = "5x"'), "what was typed is kept");
    await page.fill("#text", text.replace('due = "5h"', 'due = "4h"'));
    await page.fill("#reason", "局务会 11 月 26 日决定");
    await page.click("button.go");
    await page.locator(".said-done").waitFor();
    assert.match(await page.textContent("#proposed"), /5h → 4h/);
    assert.equal(await page.locator("form[action='/admin/plan/adopt']").count(), 0, "another person does that");
    await looks(system, "admin-plan", () => page.goto(`${desk.address}/admin/plan`));
  });

  test("what another time would let go of is told before it is saved", async () => {
    const { page } = system;
    await page.goto(`${desk.address}/admin/keeping`);
    assert.equal(await page.locator("button.go").count(), 0);
    const again = async () => {
      await page.goto(`${desk.address}/admin/keeping`);
      await page.fill("#unmatched", "36h");
      await page.click("button[value=look]");
      await page.locator("#rules table").waitFor();
    };
    await looks(system, "admin-keeping", again);
    await page.click("button.go");
    await page.locator(".said-done").waitFor();
    assert.ok(readFileSync(join(dirname(desk.data), "caifeng.toml"), "utf8").includes('unmatched = "36h"'));
  });

  test("a backup is made aside and downloaded", async () => {
    const { page } = system;
    await page.goto(`${desk.address}/admin/backup`);
    await page.click("button.go");
    await page.locator("form[action='/admin/backup/take'] button").waitFor();
    await looks(system, "admin-backup", () => page.goto(`${desk.address}/admin/backup`));
    const [download] = await Promise.all([page.waitForEvent("download"), page.click("form[action='/admin/backup/take'] button")]);
    assert.match(download.suggestedFilename(), /^caifeng-\d{8}T\d{6}Z\.zip$/);
    assert.equal(readFileSync(await download.path()).subarray(0, 2).toString(), "PK");
  });

  test("a plugin is handed in as a file, tried, and allowed", async (t) => {
    const feed = join(root, "target/plugins/feed.wasm");
    if (!existsSync(feed)) { t.skip("no plugins: make plugins"); return; }
    const { page } = system;
    const go = (path) => () => page.goto(desk.address + path);
    await looks(system, "plugins", go("/plugins"));
    await looks(system, "plugin-shipped", go("/plugins/feed"));
    // The shipped one under another name of the same length, as a third party's.
    const bytes = readFileSync(feed);
    const at = bytes.lastIndexOf('id = "feed"');
    bytes.write('id = "gate"', at);
    const [mine, packed] = [join(desk.data, "mine.wasm"), join(desk.data, "gate.wasm")];
    writeFileSync(mine, bytes);
    execFileSync(desk.binary, ["plugin", "pack", mine, "--fixtures", join(root, "plugins/feed/fixtures"), "--out", packed]);
    await page.goto(`${desk.address}/plugins`);
    await page.setInputFiles("#file", packed);
    await page.click("button.go");
    await page.waitForURL(`${desk.address}/plugin-offer`);
    await page.locator("form[action='/plugin-offer/take'] button.go").waitFor({ timeout: 180000 });
    await looks(system, "plugin-offer", go("/plugin-offer"));
    await page.click("form[action='/plugin-offer/take'] button.go");
    await page.waitForURL(`${desk.address}/plugins/gate`);
    await page.locator(".said-done").waitFor();
    await looks(system, "plugin", go("/plugins/gate"));
    await page.goto(`${desk.address}/plugins`);
    await page.setInputFiles("#file", { name: "x.wasm", mimeType: "application/wasm", buffer: Buffer.from("<script>") });
    await page.click("button.go");
    assert.match(await page.textContent("main"), /不是能用的插件/);
  });

  test("the audit administrator alone reads the record, verifies and narrows it", async () => {
    const { page } = system;
    await page.goto(`${desk.address}/admin`);
    await page.fill("#name", "王芳");
    await page.selectOption("#role", "audit");
    await page.click("button.go");
    const code = (await page.textContent(".secret")).match(/[0-9A-Z]{4}(?:-[0-9A-Z]{4}){3}/)[0];
    audit = await arrive("王芳", code);
    const record = audit.page;
    await record.goto(`${desk.address}/admin/audit`);
    await record.click("form[action='/admin/audit/verify'] button");
    await record.locator("main [role=status]").waitFor();
    await record.goto(`${desk.address}/admin/audit?kind=secrets-changed`);
    assert.equal(await record.locator("ol.rows > li.row").count(), 1);
    assert.ok(!(await record.content()).includes(key));
    await looks(audit, "admin-audit", () => record.goto(`${desk.address}/admin/audit`));
    // What was refused above, and live updates, which are not for the audit administrator.
    assert.deepEqual([...system.complaints, ...audit.complaints].filter((said) => !/status of (403|422)/.test(said)), []);
  });
});
