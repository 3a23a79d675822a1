// What the tests of the rooms share: people who are signed in, and every look of a page.

import assert from "node:assert/strict";
import { fresh, sound } from "./looks.mjs";

/** Somebody with a browser of their own who has entered the demo in a role; `complaints` is what their browser said. */
export async function enter(desk, role, { lang = "zh-CN", size = "desktop", script = true } = {}) {
  const { context, page, complaints, close } = await fresh(desk, { lang, size, script });
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
    close,
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

/** Each look of the page that is open, in both languages. */
export async function looks({ page, context }, name, address) {
  const read = async (lang) => {
    await context.addCookies([{ name: "lang", value: lang, url: address }]);
    await page.reload({ waitUntil: "load" });
    assert.equal(await page.getAttribute("html", "lang"), lang);
  };
  for (const lang of ["zh-CN", "en"]) {
    await read(lang);
    await sound(page, name);
  }
  await read("zh-CN");
}
