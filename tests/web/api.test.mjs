// The API from outside: its page, the commands of its documentation, and attack texts that came in through it.

import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { readFileSync } from "node:fs";
import { after, before, describe, test } from "node:test";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { open } from "./desk.mjs";
import { fresh } from "./looks.mjs";
import { enter, looks } from "./rooms.mjs";

const run = promisify(execFile);

// Each would call `owned` if anything let it run, or change what is seen around it.
const ATTACKS = [
  "<script>owned(1)</script>",
  "\"><img src=x onerror=owned(2)>",
  "'><svg/onload=owned(3)>",
  "</textarea></title><script>owned(4)</script>",
  "<iframe srcdoc='<script>parent.owned(5)</script>'></iframe>",
  "<a href=\"javascript:owned(6)\">a</a> javascript:owned(6)",
  "</p><style>*{display:none!important}</style><link rel=stylesheet href=//evil.example/x.css>",
  "<math><mtext><table><mglyph><style><!--</style><img title=\"--&gt;&lt;img src=1 onerror=owned(7)&gt;\">",
  "<template><img src=x onerror=owned(8)></template><base href=//evil.example/>",
  "{{constructor.constructor('owned(9)')()}}${owned(9)}<%= owned(9) %>",
  "\u202egnp.exe\u2066 \u200f<form action=//evil.example/><button>x</button></form>",
  "<input autofocus onfocus=owned(10)><details open ontoggle=owned(11)>",
  "=HYPERLINK(\"https://evil.example/\")",
  "a\r\nSet-Cookie: owned=1\r\n\r\n<b>owned</b>\n\ndata: owned\n\n",
];

describe("the API", () => {
  let desk, head;
  before(async () => { desk = await open(); head = await enter(desk, "head"); });
  after(async () => { await desk?.close(); });

  test("its page names every address, with an example, and is read on a phone", async () => {
    await head.go("/api");
    const document = await (await head.context.request.get(`${desk.address}/api/v1/openapi.json`)).json();
    const ids = Object.values(document.paths).flatMap((path) => Object.values(path).map((it) => it.operationId));
    assert.ok(ids.length > 80, `${ids.length}`);
    for (const id of ids) {
      assert.equal(await head.page.locator(`#to-${id}`).count(), 1, id);
      assert.match(await head.page.locator(`#to-${id}-example pre`).textContent(), /^curl .*\$DESK\/api\/v1/, id);
    }
    await looks(head, "api", desk.address);
    assert.deepEqual(head.complaints, []);
  });

  test("the commands of its documentation run", async () => {
    const made = await head.api("POST", "/account/tokens", {
      label: "热线", scopes: ["read", "submit", "handle"], days: 1,
    });
    const text = readFileSync(fileURLToPath(new URL("../../docs/operating.md", import.meta.url)), "utf8");
    const blocks = [...text.matchAll(/^```sh api\n([\s\S]*?)^```$/gm)].map((found) => found[1]);
    assert.ok(blocks.length >= 6, `${blocks.length}`);
    const env = { ...process.env, DESK: desk.address, TOKEN: made.token, LC_ALL: "C.UTF-8" };
    for (const block of blocks) {
      const { stdout } = await run("sh", ["-ec", block], { env });
      assert.equal(typeof JSON.parse(stdout), "object", block);
    }
  });

  test("attack texts that came in through it do nothing on any page", async () => {
    const spokesperson = await enter(desk, "spokesperson");
    const staff = await enter(desk, "staff");
    const legal = await enter(desk, "legal");
    const numbers = { incidents: [], replies: [], disclosures: [], contacts: [] };
    for (const attack of ATTACKS) {
      // In a draft two braces name approved wording.
      const text = attack.replaceAll("{{", "{ {");
      const handed = await staff.api("POST", "/submissions", {
        what: { text: { text: `${attack} 停水 ${attack}`, title: attack, url: null, source: attack, published: null } }, note: attack,
      });
      const id = handed.incident;
      numbers.incidents.push(id);
      await head.api("POST", `/incidents/${id}/decisions`, { version: null, decision: { note: attack } });
      const { life } = await head.api("GET", `/incidents/${id}`);
      await head.api("POST", `/incidents/${id}/decisions`, { version: life.version, decision: { escalate: attack } });
      const reply = await spokesperson.api("POST", "/replies", {
        draft: { incident: id, reply: null, form: "post", channel: "site", text },
      });
      numbers.replies.push(reply.id);
      const disclosure = await spokesperson.api("POST", "/disclosures", {
        draft: { kind: "work", title: attack.split(/[\r\n]/)[0].slice(0, 80), body: text, channels: ["site"], planned: null, due: null, answers: [id] },
      });
      numbers.disclosures.push(disclosure.id);
      const contact = await staff.api("POST", "/contacts", {
        add: { kind: "media", organisation: attack, department: attack, role: attack, name: "", phones: ["0318-5320000"], emails: [], links: [] },
      });
      numbers.contacts.push(contact.row.id);
      await staff.api("POST", "/contacts", { note: { contact: contact.row.id, text: attack, spoke: null } });
      await head.api("POST", "/summaries", { draft: [id, { raised: attack, answered: attack, corrected: attack }] }).catch(() => {});
    }
    const pages = [
      "/", "/wall", "/inbox", "/incidents", "/posts", `/posts?q=${encodeURIComponent(ATTACKS[0])}`, "/replies", "/disclosures", "/summaries", "/contacts", "/api",
      ...new Set(numbers.incidents.flatMap((id) => [`/incidents/${id}`, `/incidents/${id}/referral`, `/inbox?at=${id}`, `/incidents/${id}/summaries/new`])),
      ...numbers.replies.flatMap((id) => [`/replies/${id}`, `/replies/${id}/edit`]),
      ...numbers.disclosures.flatMap((id) => [`/disclosures/${id}`, `/disclosures/${id}/edit`]),
      ...numbers.contacts.map((id) => `/contacts/${id}`),
    ];
    const { page, complaints, context } = head;
    const elsewhere = [];
    page.on("request", (request) => { if (!request.url().startsWith(desk.address) && !request.url().startsWith("data:")) elsewhere.push(request.url()); });
    await context.addInitScript(() => { globalThis.ran = []; globalThis.owned = (n) => globalThis.ran.push(n); });
    const navigated = [];
    for (const path of pages) {
      await head.go(path);
      const found = await page.evaluate(() => ({
        ran: globalThis.ran, hidden: getComputedStyle(document.querySelector("main")).display,
        foreign: [...document.querySelectorAll("main script, main iframe, main style, main base, main link, main [onerror], main [onload], main [onfocus], main [href^='javascript:']")].map((it) => it.outerHTML.slice(0, 80)),
        base: document.baseURI,
      }));
      assert.deepEqual(found.ran, [], path);
      assert.notEqual(found.hidden, "none", path);
      assert.deepEqual(found.foreign, [], path);
      assert.ok(found.base.startsWith(desk.address), path);
      navigated.push(path);
    }
    assert.ok(navigated.length > 60, `${navigated.length}`);
    assert.deepEqual(elsewhere, []);
    // Neither a dialog nor a refusal of the policy: nothing even tried.
    assert.deepEqual(complaints, []);
    const cookies = (await context.cookies()).map((cookie) => cookie.name);
    assert.ok(!cookies.includes("owned"), `${cookies}`);
    // An open page reads itself again when something was committed: the same texts come in by script.
    await head.go("/incidents");
    const before = await page.evaluate(() => performance.getEntriesByType("resource").length);
    await staff.api("POST", "/submissions", {
      what: { text: { text: ATTACKS[1], title: ATTACKS[0], url: null, source: null, published: null } }, note: null,
    });
    await page.waitForFunction((before) => performance.getEntriesByType("resource").length > before, before, { timeout: 15000 });
    assert.deepEqual(await page.evaluate(() => globalThis.ran), []);
    assert.deepEqual(complaints, []);
    for (const it of [spokesperson, staff, legal]) await it.close();
  });

  test("nobody in particular is told nothing they could not read", async () => {
    const { page, complaints, close } = await fresh(desk);
    const answer = await page.goto(`${desk.address}/api/v1/me`);
    assert.equal(answer.status(), 401);
    assert.equal(answer.headers()["content-type"], "application/problem+json");
    assert.equal(complaints.length, 1, "the browser tells of the 401");
    await close();
  });
});
