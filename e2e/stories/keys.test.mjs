// The keyboard alone: past the bar, to the search, from page to page and from row to row.
import assert from "node:assert/strict";
import test from "node:test";
import { answer, browser, owner } from "../browser.mjs";

test("everything is reached without a mouse", async (t) => {
  const page = await owner(t, await browser(t));
  const { keyboard } = page;
  const focused = () => page.evaluate(() => document.activeElement.innerText.trim());
  await page.goto("/metrics");

  await keyboard.press("Tab");
  assert.equal(await focused(), "Skip to the answer");
  await keyboard.press("Enter");
  assert.equal(new URL(page.url()).hash, "#answer");
  await keyboard.press("Tab");
  assert.ok(await page.evaluate(() => document.activeElement.closest("main") !== null));

  await keyboard.press("g");
  await keyboard.press("d");
  await page.waitForURL("**/pipeline");
  await page.goto("/deals");
  await keyboard.press("j");
  await keyboard.press("j");
  await keyboard.press("k");
  const first = await page.locator("tbody a").first().innerText();
  assert.equal(await focused(), first.trim());
  await keyboard.press("Enter");
  await page.waitForURL("**/records/deals/*");
  const name = (await answer(page)).split(" · ")[0];

  for (const key of ["Control+k", "/"]) {
    await page.goto("/metrics");
    await keyboard.press(key);
    await keyboard.type(name);
    await keyboard.press("Enter");
    await page.waitForURL("**/search?q=*");
    assert.match(await answer(page), /^1 /);
  }
  await page.locator("tbody a").first().focus();
  await keyboard.press("Enter");
  await page.waitForURL("**/records/deals/*");
});
