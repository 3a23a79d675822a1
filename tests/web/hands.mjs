// Three ways to work a page: with a mouse, with the keyboard alone, with a thumb at 360 px. A journey is written once and
// told with what; none of them may reach for what the others cannot.

import assert from "node:assert/strict";

/** Tabs until an element is reached; more than this on one page is no way to work. */
const TABS = 400;

const pointer = (press) => ({
  press,
  write: async (locator, text) => { await press(locator); await locator.fill(text); },
  choose: async (locator, value) => { await locator.selectOption(value); },
  tick: press,
});

/** Moves the focus by Tab, as a person does who has nothing else, until it is on the element. */
async function reach(locator) {
  const page = locator.page();
  await locator.waitFor();
  const element = await locator.elementHandle();
  for (let tabs = 0; tabs < TABS; tabs++) {
    if (await element.evaluate((it) => it === document.activeElement)) {
      const seen = await element.evaluate((it) => {
        const { top, bottom } = it.getBoundingClientRect();
        return bottom > 0 && top < innerHeight && it.matches(":focus-visible");
      });
      assert.ok(seen, `where the focus is can be seen: ${await element.evaluate((it) => it.outerHTML.slice(0, 120))}`);
      return;
    }
    await page.keyboard.press("Tab");
  }
  assert.fail(`not reached by Tab: ${await element.evaluate((it) => it.outerHTML.slice(0, 200))}`);
}

const keyboard = {
  async press(locator) {
    await reach(locator);
    await locator.page().keyboard.press("Enter");
  },
  async write(locator, text) {
    await reach(locator);
    await locator.page().keyboard.press("Control+a");
    await locator.page().keyboard.insertText(text);
  },
  async tick(locator) {
    await reach(locator);
    await locator.page().keyboard.press("Space");
  },
  async choose(locator, value) {
    await reach(locator);
    // Home and arrows, as a list is worked: what is typed would depend on the language.
    await locator.page().keyboard.press("Home");
    for (let steps = 0; steps < 60 && (await locator.inputValue()) !== value; steps++) await locator.page().keyboard.press("ArrowDown");
    assert.equal(await locator.inputValue(), value);
  },
};

/** What a journey is done with: its name, the size of its window, and how elements are worked. */
export const hands = [
  { name: "mouse", size: "desktop", ...pointer((locator) => locator.click()) },
  { name: "keyboard", size: "desktop", ...keyboard },
  { name: "thumb", size: "phone", ...pointer((locator) => locator.tap()) },
];
