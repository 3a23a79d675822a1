// Signing in, in a real browser: from nothing to a second factor, by mouse, by keyboard and on a phone.

import assert from "node:assert/strict";
import { createHmac } from "node:crypto";
import { execFileSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { open } from "./desk.mjs";
import { fresh, sound } from "./looks.mjs";

const password = "three white egrets over the weir";
// The legal officer must have a second factor.
const config = `[organisation]\nname = "青石县水务局"\n\n[sign_in]\nsecond_factor = ["legal"]\n`;

let desk;
before(async () => { desk = await open({ config }); });
after(async () => { await desk?.close(); });

/** The code of RFC 6238 that an app would show `steps` from now. */
function totp(secret, steps = 0) {
  const bits = [...secret.replaceAll(" ", "")].map((c) => "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567".indexOf(c).toString(2).padStart(5, "0")).join("");
  const key = Buffer.from(bits.match(/.{8}/g).map((byte) => Number.parseInt(byte, 2)));
  const counter = Buffer.alloc(8);
  counter.writeBigUInt64BE(BigInt(Math.floor(Date.now() / 30000) + steps));
  const mac = createHmac("sha1", key).update(counter).digest();
  const at = mac[19] & 15;
  return String((mac.readUInt32BE(at) & 0x7fffffff) % 1_000_000).padStart(6, "0");
}

/** Runs a command as somebody; `token` is their personal one. */
function caifeng(token, ...args) {
  const file = join(desk.data, "..", "token");
  writeFileSync(file, token, { mode: 0o600 });
  const out = execFileSync(desk.binary, [...args, "--data", desk.data, "--json"], {
    env: { ...process.env, CAIFENG_TOKEN: file }, encoding: "utf8",
  });
  return JSON.parse(out);
}

async function signIn(page, name, to = "/") {
  await page.goto(`${desk.address}/sign-in?to=${encodeURIComponent(to)}`);
  await page.fill("#name", name);
  await page.fill("#password", password);
  await page.click("button.go");
}

describe("from nothing", { concurrency: false }, () => {
  test("the first user comes in with the code of the terminal, without a script", async () => {
    const code = desk.said().match(/[0-9A-Z]{4}(?:-[0-9A-Z]{4}){3}/)?.[0];
    assert.ok(code, desk.said());
    const { page, close } = await fresh(desk, { script: false });
    await page.goto(`${desk.address}/set-up-password`);
    assert.equal(await page.textContent("h1"), "第一个用户");
    await page.fill("#name", "李明");
    // As people type it.
    await page.fill("#code", code.toLowerCase().replaceAll("-", " "));
    await page.fill("#password", "password123");
    await page.fill("#again", "password123");
    await page.click("button.go");
    assert.match(await page.textContent("[role=alert]"), /太常见/);
    await page.fill("#password", password);
    await page.fill("#again", password);
    await page.click("button.go");
    await page.waitForURL(`${desk.address}/welcome`);
    await page.goto(`${desk.address}/account`);
    assert.match(await page.textContent("main"), /系统管理员/);
    await close();
  });

  test("pages of the door and the account are sound", async () => {
    for (const lang of ["zh-CN", "en"]) {
      const { page, complaints, close } = await fresh(desk, { lang });
      await page.goto(`${desk.address}/sign-in?to=/incidents&over=1`);
      await sound(page, "sign-in");
      await page.goto(`${desk.address}/set-up-password`);
      await sound(page, "set-up");
      await signIn(page, "李明", "/account");
      await page.waitForURL(`${desk.address}/account`);
      await sound(page, "account");
      await page.goto(`${desk.address}/account/factor`);
      await sound(page, "factor");
      assert.deepEqual(complaints, []);
      await close();
    }
  });

  test("by keyboard alone: wrong, right, out", async () => {
    const { page, close } = await fresh(desk, { lang: "en" });
    await page.goto(`${desk.address}/sign-in?to=/account`);
    await page.waitForFunction(() => document.activeElement?.id === "name");
    await page.keyboard.type("李明");
    await page.keyboard.press("Tab");
    await page.keyboard.type("not the password");
    await page.keyboard.press("Enter");
    assert.equal(await page.textContent("[role=alert]"), "Name or password is wrong.");
    assert.equal(await page.inputValue("#name"), "李明");
    await page.keyboard.type(password);
    await page.keyboard.press("Enter");
    await page.waitForURL(`${desk.address}/account`);
    await page.locator("form[action='/sign-out'] button").focus();
    await page.keyboard.press("Enter");
    await page.waitForURL(`${desk.address}/sign-in`);
    assert.match(await page.textContent("[role=status]"), /left/);
    await close();
  });

  test("a second factor that a role must have, on a phone", async () => {
    // The system administrator adds people at a terminal; what the pages of administration do is the same.
    const { page, close } = await fresh(desk, { size: "phone" });
    const admin = await fresh(desk, { lang: "en" });
    await signIn(admin.page, "李明", "/account");
    await admin.page.waitForURL(`${desk.address}/account`);
    const session = (await admin.page.context().cookies()).find((cookie) => cookie.name === "caifeng_session").value;
    const post = async (bearer, path, body) => {
      const answer = await fetch(`${desk.address}/api/v1${path}`, {
        method: "POST", body: JSON.stringify(body),
        headers: { authorization: `Bearer ${bearer}`, "content-type": "application/json" },
      });
      assert.equal(answer.status, 200, await answer.clone().text());
      return answer.json();
    };
    const security = (await post(session, "/users", { add: { name: "安全", roles: ["security"] } })).token;
    await post(session, "/users", { add: { name: "法制", roles: [] } });
    await post(security, "/users", { roles: { user: "法制", roles: ["legal"] } });
    const personal = (await post(session, "/users", { token: { user: "李明" } })).token;
    const { code } = caifeng(personal, "user", "code", "法制");
    await page.goto(`${desk.address}/set-up-password`);
    for (const [field, value] of [["#name", "法制"], ["#code", code], ["#password", password], ["#again", password]]) {
      await page.fill(field, value);
    }
    await page.click("button.go");
    await page.waitForURL(`${desk.address}/sign-in`);
    assert.match(await page.textContent("[role=status]"), /密码已保存/);
    await signIn(page, "法制", "/incidents");
    await page.waitForURL(`${desk.address}/account/factor`);
    const secret = await page.textContent(".secret code");
    // Nothing else opens before.
    await page.goto(`${desk.address}/incidents`);
    assert.equal(page.url(), `${desk.address}/account/factor`);
    assert.equal(await page.textContent(".secret code"), secret);
    const shown = totp(secret);
    await page.fill("#code", shown);
    await page.click("button.go");
    const recovery = await page.locator(".codes code").allTextContents();
    assert.equal(recovery.length, 10);
    await sound(page, "recovery");
    await page.goto(`${desk.address}/incidents`);
    assert.equal(page.url(), `${desk.address}/incidents`);

    // Elsewhere: the password is not enough, the code of before is used, the next one and a recovery code do.
    const other = await fresh(desk, { lang: "en" });
    await signIn(other.page, "法制", "/incidents");
    await sound(other.page, "code");
    assert.equal(await other.page.textContent("h1"), "One more code");
    await other.page.goto(`${desk.address}/incidents`);
    assert.match(other.page.url(), /sign-in/);
    await signIn(other.page, "法制", "/incidents");
    await other.page.fill("#code", shown);
    await other.page.click("button.go");
    assert.match(await other.page.textContent("[role=alert]"), /used before/);
    await other.page.fill("#code", totp(secret, 1));
    await other.page.click("button.go");
    await other.page.waitForURL(`${desk.address}/incidents`);
    for (const again of [false, true]) {
      const third = await fresh(desk, { lang: "en" });
      await signIn(third.page, "法制", "/incidents");
      await third.page.fill("#code", recovery[3]);
      await third.page.click("button.go");
      if (again) assert.match(await third.page.textContent("[role=alert]"), /used before/);
      else await third.page.waitForURL(`${desk.address}/incidents`);
      await third.close();
    }
    await page.goto(`${desk.address}/account`);
    assert.match(await page.textContent("#factor"), /还剩 9 个恢复码/);
    for (const one of [{ close }, admin, other]) await one.close();
  });

  test("a session that is ended elsewhere asks again, and what was typed is sent after all", async () => {
    const one = await fresh(desk, { lang: "en" });
    await signIn(one.page, "李明", "/account");
    await one.page.waitForURL(`${desk.address}/account`);
    await one.page.click("#programs summary");
    await one.page.fill("#label", "nightly <b>export</b>");
    await one.page.check("input[name=metrics]");
    const two = await fresh(desk, { lang: "en" });
    await signIn(two.page, "李明", "/account");
    await two.page.waitForURL(`${desk.address}/account`);
    for (;;) {
      const others = two.page.locator(".card").first().locator("form[action='/account/end'] button");
      if (!(await others.count())) break;
      await others.first().click();
      await two.page.waitForLoadState();
    }
    await one.page.click("#programs form[action='/account/programs'] button");
    assert.match(await one.page.textContent(".hint"), /What you have just typed is kept/);
    await sound(one.page, "over");
    await one.page.fill("#name", "李明");
    await one.page.fill("#password", password);
    await one.page.click("button.go");
    assert.equal(await one.page.textContent("h1"), "You are signed in");
    assert.match(await one.page.textContent(".typed"), /nightly <b>export<\/b>/);
    await sound(one.page, "resend");
    await one.page.click("button.go");
    const token = await one.page.textContent(".once code");
    assert.match(token, /^caifeng_\d+_[0-9a-f]{64}$/);
    await sound(one.page, "program");
    // The token reads what its owner reads, does nothing, and opens no page.
    const ask = (path, method = "GET") => fetch(`${desk.address}${path}`, {
      method, headers: { authorization: `Bearer ${token}`, "content-type": "application/json" }, redirect: "manual",
      body: method === "POST" ? JSON.stringify({ add: { name: "mallory", roles: [] } }) : undefined,
    });
    assert.equal((await ask("/api/v1/watches")).status, 200);
    assert.equal((await ask("/api/v1/users", "POST")).status, 403);
    assert.equal((await ask("/account")).status, 303);
    for (const part of [one, two]) await part.close();
  });
});
