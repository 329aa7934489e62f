// What if: a slider is turned, the plan answers at once, and the address says what was asked.
import assert from "node:assert/strict";
import test from "node:test";
import { browser, owner } from "../browser.mjs";

test("a turned slider shows what becomes of the plan", async (t) => {
  const page = await owner(t, await browser(t));
  await page.goto("/plan");
  const told = () => page.locator("[data-part=proof]").innerText();
  const before = await told();
  const price = page.locator("#lever-asp");
  await price.fill("20");
  await page.waitForURL("**/plan?*change.asp=20*");
  assert.equal((await page.locator('output[for="lever-asp"]').innerText()).trim(), "20 %");
  const after = await told();
  assert.notEqual(after, before);

  await page.reload();
  assert.equal(await price.inputValue(), "20", "the address keeps what is asked");
  assert.equal(await told(), after);
  await page.getByRole("link", { name: "As things are" }).click();
  await page.waitForURL((url) => url.search === "");
  assert.equal(await told(), before);
});

test("what if is asked without scripts too", async (t) => {
  const page = await owner(t, await browser(t), { scripts: false });
  await page.goto("/plan");
  await page.getByRole("button", { name: "Show what becomes of it" }).click();
  await page.waitForURL("**/plan?*change.asp=0*");
  assert.ok(await page.locator("h1").isVisible());
});
