// Signing in with an account elsewhere, in a real browser: a provider of another site, from being linked to a second factor.

import assert from "node:assert/strict";
import { createHash, createHmac, createSign, generateKeyPairSync, randomBytes } from "node:crypto";
import { createServer } from "node:http";
import { after, before, describe, test } from "node:test";
import { open } from "./desk.mjs";
import { fresh, sound } from "./looks.mjs";

const password = "three white egrets over the weir";
const secret = "a secret of the desk";

/** A provider that signs with RSA; whoever it is asked about is whoever `person` says. */
async function provider() {
  const { publicKey, privateKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
  const codes = new Map();
  const idp = { person: { sub: "f3c1-77", email: "wang@example.cn", email_verified: true }, asked: [] };
  const b64 = (value) => Buffer.from(typeof value === "string" ? value : JSON.stringify(value)).toString("base64url");
  const server = createServer(async (request, response) => {
    const url = new URL(request.url, idp.issuer);
    let body = "";
    for await (const chunk of request) body += chunk;
    idp.asked.push(url.pathname);
    const json = (value, status = 200) => {
      response.writeHead(status, { "content-type": "application/json" });
      response.end(JSON.stringify(value));
    };
    switch (url.pathname) {
      case "/.well-known/openid-configuration":
        return json({
          issuer: idp.issuer, authorization_endpoint: `${idp.issuer}/authorize`, token_endpoint: `${idp.issuer}/token`,
          jwks_uri: `${idp.issuer}/keys`, token_endpoint_auth_methods_supported: ["client_secret_post"],
        });
      case "/keys":
        return json({ keys: [{ ...publicKey.export({ format: "jwk" }), kid: "k1", use: "sig", alg: "RS256" }] });
      case "/authorize":
        response.writeHead(200, { "content-type": "text/html; charset=utf-8" });
        return response.end(`<!doctype html><title>县里的统一认证</title><form method="post" action="/agree${url.search.replaceAll("&", "&amp;").replaceAll('"', "")}"><button>同意</button></form>`);
      case "/agree": {
        const code = randomBytes(8).toString("hex");
        codes.set(code, Object.fromEntries(url.searchParams));
        const back = new URL(url.searchParams.get("redirect_uri"));
        back.searchParams.set("code", code);
        back.searchParams.set("state", url.searchParams.get("state"));
        back.searchParams.set("iss", idp.issuer);
        response.writeHead(302, { location: back.href });
        return response.end();
      }
      case "/token": {
        const form = new URLSearchParams(body);
        const asked = codes.get(form.get("code"));
        codes.delete(form.get("code"));
        if (form.get("client_id") !== "caifeng" || form.get("client_secret") !== secret) return json({ error: "invalid_client" }, 401);
        const proven = createHash("sha256").update(form.get("code_verifier")).digest("base64url") === asked?.code_challenge;
        if (!proven || form.get("redirect_uri") !== asked.redirect_uri) return json({ error: "invalid_grant" }, 400);
        const now = Math.floor(Date.now() / 1000);
        const claims = { iss: idp.issuer, aud: "caifeng", iat: now, exp: now + 300, nonce: asked.nonce, ...idp.person };
        const said = `${b64({ alg: "RS256", kid: "k1" })}.${b64(claims)}`;
        return json({ access_token: "x", token_type: "Bearer", id_token: `${said}.${createSign("sha256").update(said).sign(privateKey, "base64url")}` });
      }
      default:
        return json({}, 404);
    }
  });
  await new Promise((listening) => server.listen(0, "localhost", listening));
  // Another site than the desk, which is asked for as 127.0.0.1: cookies are sent as between strangers.
  idp.issuer = `http://localhost:${server.address().port}`;
  idp.close = () => new Promise((closed) => { server.closeAllConnections(); server.close(closed); });
  return idp;
}

/** The code of RFC 6238 that an app would show `steps` from now. */
function totp(secret, steps = 0) {
  const bits = [...secret.replaceAll(" ", "")].map((c) => "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567".indexOf(c).toString(2).padStart(5, "0")).join("");
  const counter = Buffer.alloc(8);
  counter.writeBigUInt64BE(BigInt(Math.floor(Date.now() / 30000) + steps));
  const mac = createHmac("sha1", Buffer.from(bits.match(/.{8}/g).map((byte) => Number.parseInt(byte, 2)))).update(counter).digest();
  const at = mac[19] & 15;
  return String((mac.readUInt32BE(at) & 0x7fffffff) % 1_000_000).padStart(6, "0");
}

let idp, desk;
before(async () => {
  idp = await provider();
  desk = await open({
    config: `[organisation]\nname = "青石县水务局"\n\n[sign_in.oidc]\nissuer = "${idp.issuer}"\nclient_id = "caifeng"\nlabel = "统一认证"\n`,
    secrets: `[sign_in.oidc]\nclient_secret = "${secret}"\n`,
  });
});
after(async () => {
  await desk?.close();
  await idp?.close();
});

/** Goes to the provider, agrees there, and comes back. */
async function through(page, to) {
  await page.goto(`${desk.address}/sign-in?to=${encodeURIComponent(to)}`);
  await page.getByRole("link", { name: "统一认证" }).click();
  await page.waitForURL(`${idp.issuer}/authorize?**`);
  await page.getByRole("button", { name: "同意" }).click();
}

describe("an account elsewhere", { concurrency: false }, () => {
  test("before anybody was added every page is the one that takes the code", async () => {
    const { page, close } = await fresh(desk);
    await page.goto(`${desk.address}/incidents`);
    await page.waitForURL(`${desk.address}/set-up-password`);
    await close();
  });

  test("whoever is not linked is told what to have linked; the administrator does it at a page", async () => {
    const code = desk.said().match(/[0-9A-Z]{4}(?:-[0-9A-Z]{4}){3}/)?.[0];
    const admin = await fresh(desk);
    await admin.page.goto(`${desk.address}/set-up-password`);
    for (const [field, value] of [["#name", "李明"], ["#code", code], ["#password", password], ["#again", password]]) {
      await admin.page.fill(field, value);
    }
    await admin.page.click("button.go");
    await admin.page.waitForURL(`${desk.address}/welcome`);

    const person = await fresh(desk, { size: "phone", script: false });
    await through(person.page, "/account");
    await person.page.waitForURL(`${desk.address}/sign-in/callback?**`);
    assert.match(await person.page.textContent("[role=alert]"), /统一认证称您为 f3c1-77/);
    await person.close();
    for (const lang of ["zh-CN", "en"]) {
      const { page, complaints, close } = await fresh(desk, { lang });
      await page.goto(`${desk.address}/sign-in?to=/incidents`);
      await sound(page, "sign-in-provider");
      await through(page, "/account");
      await page.waitForURL(`${desk.address}/sign-in/callback?**`);
      await sound(page, "sign-in-stranger");
      assert.deepEqual(complaints.filter((line) => !line.includes("403")), []);
      await close();
    }

    await admin.page.goto(`${desk.address}/admin`);
    await admin.page.fill("form[action='/admin/users'] #name", "王芳");
    await admin.page.click("form[action='/admin/users'] button.go");
    const row = admin.page.locator("li.row", { hasText: "王芳" });
    await row.getByText("外部账号…").click();
    await row.locator("input[name=name]").first().fill("f3c1-77");
    await row.getByRole("button", { name: "关联", exact: true }).click();
    await admin.page.getByRole("status").filter({ hasText: "已更改" }).waitFor();
    assert.match(await admin.page.locator("li.row", { hasText: "王芳" }).textContent(), /用外部账号登录/);
    await sound(admin.page, "admin-identity");
    await admin.close();
  });

  test("whoever is linked comes in, without a script, on a phone", async () => {
    const { page, context, close } = await fresh(desk, { size: "phone", script: false });
    await through(page, "/account");
    await page.waitForURL(`${desk.address}/account`);
    assert.match(await page.textContent("main"), /您也可以用统一认证登录/);
    const cookies = await context.cookies(desk.address);
    assert.deepEqual(cookies.map((cookie) => cookie.name).sort(), ["caifeng_session"]);
    assert.ok(cookies.every((cookie) => cookie.httpOnly));
    // A second sign-in in the same browser ends the first session.
    const before = cookies[0].value;
    await context.clearCookies();
    await through(page, "/account");
    await page.waitForURL(`${desk.address}/account`);
    assert.notEqual((await context.cookies(desk.address))[0].value, before);
    await close();
  });

  test("what was typed when a session ended is sent after signing in elsewhere", async () => {
    const { page, context, close } = await fresh(desk);
    await through(page, "/account");
    await page.waitForURL(`${desk.address}/account`);
    await page.locator("#programs summary").click();
    await page.fill("#label", "日报程序");
    await context.clearCookies({ name: "caifeng_session" });
    await page.locator("form[action='/account/programs'] button").click();
    await page.getByText("您刚才填写的内容还在").waitFor();
    await sound(page, "sign-in-typed");
    const [elsewhere] = await Promise.all([context.waitForEvent("page"), page.getByRole("link", { name: "统一认证" }).click()]);
    await elsewhere.getByRole("button", { name: "同意" }).click();
    await elsewhere.waitForURL(`${desk.address}/`);
    await elsewhere.close();
    await page.getByRole("button", { name: "已在那里登录，继续" }).click();
    await page.locator("button.go").click();
    assert.match(await page.textContent("#programs"), /日报程序/);
    await close();
  });

  test("our second factor is asked for besides", async () => {
    const { page, close } = await fresh(desk);
    await through(page, "/account");
    await page.waitForURL(`${desk.address}/account`);
    await page.locator("a[href='/account/factor']").click();
    const shown = await page.textContent(".secret code");
    await page.fill("#code", totp(shown));
    await page.click("button.go");
    await page.getByRole("heading", { name: /恢复码/ }).waitFor();
    await close();
    const again = await fresh(desk);
    await through(again.page, "/account");
    await again.page.waitForURL(`${desk.address}/sign-in/code?to=%2Faccount`);
    await again.page.fill("#code", totp(shown, 1));
    await again.page.click("button.go");
    await again.page.waitForURL(`${desk.address}/account`);
    await again.close();
  });
});
