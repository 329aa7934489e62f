// A plan under changes is saved from its page, and held against others and against last year.
import assert from "node:assert/strict";
import test from "node:test";
import { answer, browser, findings, overhang, owner } from "../browser.mjs";

test("a plan is saved as it is shown, and stays beside later ones", async (t) => {
  const page = await owner(t, await browser(t));
  await page.goto("/plan");
  await page.getByLabel("Save this plan as").fill("as things are");
  await page.getByRole("button", { name: "Save the plan" }).click();
  await page.waitForURL("**/plan-version?name=*");
  assert.match(await answer(page), /^“as things are”/);

  await page.goto("/plan?change.asp=10");
  await page.getByLabel("Save this plan as").fill("dearer");
  await page.getByRole("button", { name: "Save the plan" }).click();
  await page.waitForURL("**/plan-version?name=dearer");
  assert.match(await page.locator("main").innerText(), /asp=1\.1/);
  await page.getByLabel(/against/).selectOption("as things are");
  await page.waitForURL("**/plan-comparison?*");
  assert.match(await answer(page), /^From “dearer” to “as things are”/);
  await page.getByLabel(/against/).selectOption({ label: "what came last year" });
  await page.waitForURL("**with=last-year*");
  assert.match(await answer(page), /^Against what came in \d{4}/);
  for (const width of [1440, 390]) {
    await page.setViewportSize({ width, height: 900 });
    assert.equal(await overhang(page), 0, `at ${width} px the page is wider than the window`);
    assert.deepEqual(await findings(page), []);
  }

  await page.goto("/plan-versions");
  await page.getByRole("link", { name: "as things are" }).click();
  await page.waitForURL("**/plan-version?name=*");
});

test("the plan is saved from the list of saved ones, too", async (t) => {
  const page = await owner(t, await browser(t), { refused: true });
  await page.goto("/plan-versions");
  await page.getByLabel("Save the plan as it is now as").fill("from the list");
  await page.getByRole("button", { name: "Save the plan" }).click();
  await page.waitForURL("**/plan-version?name=*");
  assert.match(await answer(page), /^“from the list”/);

  await page.goto("/plan-versions");
  await page.getByLabel("Save the plan as it is now as").fill("From the list");
  await page.getByRole("button", { name: "Save the plan" }).click();
  assert.match(await page.getByRole("alert").innerText(), /saved as .from the list. already/i);
  assert.equal(await page.getByRole("link", { name: "from the list" }).count(), 1);
});

test("a name is given once, and what was typed stays", async (t) => {
  const page = await owner(t, await browser(t), { refused: true });
  for (const _ of [1, 2]) {
    await page.goto("/plan");
    await page.getByLabel("Save this plan as").fill("given once");
    await page.getByRole("button", { name: "Save the plan" }).click();
    await page.waitForURL((url) => url.pathname !== "/plan");
  }
  assert.match(await page.getByRole("alert").innerText(), /saved as .given once. already/i);
  assert.equal(await page.getByLabel("Save this plan as").inputValue(), "given once");
});
