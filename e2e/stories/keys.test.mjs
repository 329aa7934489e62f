// The keyboard alone: past the bar, to the search, from page to page and from row to row.
import assert from "node:assert/strict";
import test from "node:test";
import { answer, browser, findings, owner } from "../browser.mjs";

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

test("`?` lists all keys, and each does what the list says", async (t) => {
  const page = await owner(t, await browser(t));
  const list = page.getByRole("dialog", { name: "Keys" });
  await page.goto("/metrics?as_of=2026-01-31");
  await page.keyboard.press("?");
  await list.waitFor();
  assert.deepEqual(await findings(page), []);
  assert.ok(await page.evaluate(() => document.activeElement.closest("dialog") !== null));
  await page.keyboard.press("g");
  await page.keyboard.press("d");
  assert.equal(new URL(page.url()).pathname, "/metrics", "an open list takes no other key");
  await page.keyboard.press("Escape");
  assert.equal(await list.isVisible(), false);

  const leading = await page.locator("#keys [data-strokes]:has(a)").evaluateAll((entries) =>
    entries.map((entry) => [entry.dataset.strokes, entry.querySelector("a").getAttribute("href")]),
  );
  assert.ok(leading.length > 5);
  for (const [strokes, href] of leading) {
    for (const stroke of strokes.split(" ")) await page.keyboard.press(stroke);
    // A page whose report is new takes as long as the report.
    await page.waitForURL(`**${href}`, { timeout: 120_000 });
    assert.match(href, /as_of=2026-01-31/);
  }
});

test("keys are listed without scripts too", async (t) => {
  const page = await owner(t, await browser(t), { scripts: false });
  await page.goto("/metrics");
  await page.getByRole("link", { name: "Keys" }).click();
  assert.ok((await page.locator("main").innerText()).includes("Ctrl-k"));
});
