// A part of a chart leads to what it is made of, by a click and by the keyboard.
import assert from "node:assert/strict";
import test from "node:test";
import { browser, owner } from "../browser.mjs";

test("a leg of the relay leads to the rows behind it", async (t) => {
  const page = await owner(t, await browser(t));
  await page.goto("/");
  const leg = page.locator(".chart.wide a").first();
  assert.match(await leg.getAttribute("aria-label"), /^\w[\w-]*, [\w ]+: .+ of .+%\)$/);
  await leg.focus();
  await page.keyboard.press("Enter");
  await page.waitForURL(/\/metrics\/[^/]+\/rows\?/);
  assert.ok((await page.locator("tbody tr").count()) > 0);
});

test("a step of the waterfall leads to its deals", async (t) => {
  const page = await owner(t, await browser(t));
  await page.goto("/waterfall");
  await page.locator('.chart.wide a[aria-label^="won:"] rect').click();
  await page.waitForURL(/step=won/);
  const [, told] = (await page.locator("caption").last().textContent()).match(/(\d+) deal/);
  const rows = page.locator("table").last().locator("tbody tr");
  assert.equal(await rows.count(), Number(told));
  await rows.first().locator("a").click();
  await page.waitForURL(/\/records\/deals\//);
});

test("a figure is explored and put back", async (t) => {
  const page = await owner(t, await browser(t));
  await page.goto("/");
  const figure = page.locator("figure[data-plot]").first();
  await figure.getByRole("button", { name: "Explore" }).click();
  const canvas = figure.locator(".plot canvas");
  await canvas.waitFor();
  const { width, height } = await canvas.boundingBox();
  assert.ok(width > 300 && height > 200, `${width} by ${height}`);
  assert.equal(await figure.locator(".chart.wide").isVisible(), false);
  await figure.getByRole("button", { name: "Put back" }).click();
  assert.equal(await canvas.count(), 0);
  assert.ok(await figure.locator(".chart.wide").isVisible());
});
