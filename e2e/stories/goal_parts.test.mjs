// The goal in parts: shared out, one amount changed, signed for, and taken together again.
import assert from "node:assert/strict";
import test from "node:test";
import { browser, owner } from "../browser.mjs";
import { set, shared } from "../world.mjs";

test("a goal is shared out, and its parts always sum", async (t) => {
  const page = await owner(t, await browser(t));
  await page.goto("/goal-parts");
  const period = await page.locator(".panel input[name=period]").first().inputValue();
  await page.goto(`/goal-parts?period=${period}`);
  const { amount } = await parts(period);
  await page.getByLabel(/Break down/).selectOption("team");
  await page.getByLabel("Shared out").selectOption("named");
  await page.getByLabel("Names and weights").fill("North = 3\nSouth = 1");
  await page.getByRole("button", { name: "Break down" }).click();

  await page.getByRole("link", { name: "North" }).click();
  await page.waitForURL("**/goal-parts?*part=North*");
  await page.getByLabel("Amount").fill("1000.00");
  await page.getByRole("button", { name: "Set the amount" }).click();
  await page.getByRole("button", { name: /^Sign for/ }).click();
  await page.getByRole("button", { name: /^Sign for/ }).waitFor({ state: "detached" });
  const shares = await parts(period);
  const amounts = shares.parts.map((part) => Number(part.amount));
  assert.deepEqual(amounts, [1000, Number(amount) - 1000]);
  assert.ok(shares.parts[0].signed.on, "North is signed for");

  await page.goto(`/goal-parts?period=${period}`);
  await page.getByRole("button", { name: "Take its parts away" }).click();
  await page.getByRole("link", { name: "North" }).waitFor({ state: "detached" });
  assert.equal((await parts(period)).parts.length, 0);
});

async function parts(period) {
  const headers = { cookie: set("BATON_OWNER") };
  const answered = await fetch(`${shared().url}/api/v1/goal-parts?period=${period}`, { headers });
  return answered.json();
}
