// Starts the desk and a browser for the tests beside this file.
//
// The desk is `caifeng demo` on a port of the system's choice (binary: CAIFENG, else target/debug/caifeng), or, with
// CAIFENG_DESK=http://127.0.0.1:PORT, one that already runs. The browser is CHROMIUM, else Debian's. `run` sees to both.

import { spawn } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { chromium } from "playwright-core";

const root = fileURLToPath(new URL("../..", import.meta.url));
const binary = process.env.CAIFENG ?? join(root, "target/debug/caifeng");
const browser = process.env.CHROMIUM ?? "/usr/bin/chromium";
const flags = [
  // Without --no-sandbox it does not start for root, without --disable-dev-shm-usage it crashes in small containers.
  "--headless", "--no-sandbox", "--disable-dev-shm-usage", "--disable-gpu", "--disable-background-networking",
  "--disable-component-update", "--disable-sync", "--no-first-run",
];

/** Where pictures go. */
export const pictures = join(root, "target/web");

/** Starts both; `close` ends them and removes what they wrote. With `config`, the real thing instead of the demo; `secrets` go beside it. */
export async function open({ config, secrets } = {}) {
  mkdirSync(pictures, { recursive: true });
  const scratch = mkdtempSync(join(tmpdir(), "caifeng-web-"));
  const data = join(scratch, "data");
  if (config !== undefined) writeFileSync(join(scratch, "caifeng.toml"), config);
  if (secrets !== undefined) {
    mkdirSync(data, { mode: 0o700 });
    writeFileSync(join(data, "secrets.toml"), secrets, { mode: 0o600 });
  }
  const desk = config !== undefined
    ? await start(["serve", "--config", join(scratch, "caifeng.toml")], data)
    : process.env.CAIFENG_DESK
      ? { address: process.env.CAIFENG_DESK.replace(/\/$/, ""), end: async () => {} }
      : await start(["demo"], data);
  const context = await chromium.launchPersistentContext(join(scratch, "profile"), {
    executablePath: browser, args: flags, locale: "zh-CN",
  });
  return {
    address: desk.address,
    /** What it has said. */
    said: () => desk.said(),
    /** The data directory. */
    data,
    /** The binary. */
    binary,
    /** The browser; contexts opened from it share nothing. */
    browser: context.browser() ?? context,
    context,
    async close() {
      await context.close();
      await desk.end();
      rmSync(scratch, { recursive: true, force: true });
    },
  };
}

function start(command, data) {
  const child = spawn(binary, [...command, "--data", data, "--bind", "127.0.0.1:0"], { stdio: ["ignore", "pipe", "pipe"] });
  const ended = new Promise((done) => child.once("exit", done));
  const end = async () => { child.kill("SIGTERM"); await ended; };
  return new Promise((resolve, reject) => {
    let said = "";
    const hear = (text) => {
      said += text;
      const address = said.match(/http:\/\/(?:127\.0\.0\.1|\[::1\]|localhost):\d+/)?.[0];
      if (address) resolve({ address, end, said: () => said });
    };
    child.stdout.setEncoding("utf8").on("data", hear);
    child.stderr.setEncoding("utf8").on("data", hear);
    ended.then((code) => reject(new Error(`caifeng ${command[0]} ended with ${code}: ${said}`)));
  });
}
