// What the tests of the rooms share: people who are signed in, and every look of a page.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { pictures } from "./desk.mjs";

const axe = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");

/** Widths and heights of windows. */
export const sizes = { desktop: { width: 1280, height: 900 }, phone: { width: 360, height: 740 } };

/** Somebody with a browser of their own who has entered the demo in a role; `complaints` is what their browser said. */
export async function enter(desk, role, { lang = "zh-CN", size = "desktop", script = true } = {}) {
  const context = await desk.browser.newContext({
    locale: lang, viewport: sizes[size], hasTouch: size === "phone", javaScriptEnabled: script, reducedMotion: "reduce",
  });
  const page = await context.newPage();
  const complaints = [];
  page.on("console", (message) => { if (message.type() === "error") complaints.push(message.text()); });
  page.on("pageerror", (error) => complaints.push(String(error)));
  page.on("dialog", (dialog) => { complaints.push(`dialog: ${dialog.message()}`); dialog.dismiss(); });
  await page.goto(desk.address);
  await page.locator('select[name="role"]').selectOption(role);
  await page.locator('form[action="/demo/enter"] button').click();
  await page.locator(".said-done").waitFor();
  const token = (await context.cookies()).find((cookie) => cookie.name === "caifeng_session").value;
  return {
    page, complaints, context,
    go: (path) => page.goto(desk.address + path, { waitUntil: "load" }),
    /** Asks the API as this person; the answer, read. */
    async api(method, path, data) {
      const answer = await context.request.fetch(`${desk.address}/api/v1${path}`, {
        method, data, headers: { authorization: `Bearer ${token}` },
      });
      const body = await answer.json();
      assert.ok(answer.ok(), `${method} ${path}: ${JSON.stringify(body)}`);
      return body;
    },
    close: () => context.close(),
  };
}

/** An incident of the demo, by the first that its list shows. */
export async function incident({ page, go }) {
  await go("/incidents");
  const first = page.locator("#incidents h3 a, .incident h3 a").first();
  await first.or(page.locator("#show-new:not([hidden])")).first().waitFor();
  if (!(await first.count())) await page.locator("#show-new").click();
  return Number((await first.getAttribute("href")).split("/").pop());
}

/** Each look of the page that is open: nothing runs over, nothing that axe objects to; two are kept as pictures. */
export async function looks({ page, context }, name, address) {
  for (const lang of ["zh-CN", "en"]) {
    await context.addCookies([{ name: "lang", value: lang, url: address }]);
    await page.reload({ waitUntil: "load" });
    await page.evaluate(axe);
    assert.equal(await page.getAttribute("html", "lang"), lang);
    for (const size of Object.keys(sizes)) for (const scheme of ["light", "dark"]) {
      const look = `${name}-${lang}-${scheme}-${size}`;
      await page.setViewportSize(sizes[size]);
      await page.emulateMedia({ colorScheme: scheme });
      if ([`${name}-zh-CN-light-desktop`, `${name}-en-dark-phone`].includes(look) || process.env.CAIFENG_WEB_PICTURES) {
        await page.screenshot({ path: join(pictures, `${look}.png`), fullPage: true });
      }
      const over = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
      assert.equal(over, 0, `${look} runs over by ${over} px`);
      const { violations } = await page.evaluate(() => globalThis.axe.run(document, { resultTypes: ["violations"] }));
      assert.deepEqual(violations.map((v) => `${v.id}: ${v.help}: ${v.nodes.map((n) => n.target).join("; ")}`), [], look);
    }
  }
  await context.addCookies([{ name: "lang", value: "zh-CN", url: address }]);
  await page.reload({ waitUntil: "load" });
}
