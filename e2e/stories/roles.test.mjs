// Who sees what: a sales rep finds own deals alone, a viewer changes nothing.
import assert from "node:assert/strict";
import test from "node:test";
import { answer, browser, owner, signIn, visitor } from "../browser.mjs";
import { member, set, shared, userNamed } from "../world.mjs";

test("a sales rep sees own deals alone", async (t) => {
  const { folder } = shared();
  const { deals } = await readAsOwner("/api/v1/deals?outcome=any");
  const own = deals[0];
  const other = deals.find((deal) => deal.owner !== own.owner);
  const rep = await member(folder, "sales rep", await userNamed(own.owner));

  const page = await visitor(t, await browser(t), shared(), { refused: true });
  await signIn(page, rep, "/deals?outcome=any");
  const seen = await page.locator("main").innerText();
  assert.ok(seen.includes(own.name), "the rep's own deal is not shown");
  assert.ok(!seen.includes(other.name), "another's deal is shown");
  await page.goto(`/records/deals/${other.id}`);
  assert.equal(await answer(page), "There is nothing here");
  await page.goto("/journal/proof");
  assert.equal(await answer(page), "Your role does not permit this");
  await page.goto("/journal");
  const written = await page.locator("tbody").innerText();
  assert.ok(written.includes(own.name) || written.includes("deals"), written);
  assert.ok(!written.includes(other.name), "what was written of another's deal is shown");
  await page.goto(`/search?q=${other.id}`);
  assert.match(await answer(page), /Nothing is called/);
  await page.goto(`/records/deals/${own.id}`);
  assert.match(await answer(page), new RegExp(`^${own.name.slice(0, 10)}`));
  const bar = await page.getByRole("navigation").innerText();
  assert.ok(!bar.includes("People and access"), bar);
});

test("a viewer looks and changes nothing", async (t) => {
  const viewer = await member(shared().folder, "viewer");
  const chromium = await browser(t);
  const page = await visitor(t, chromium, shared());
  await signIn(page, viewer, "/deals");
  await page.locator("tbody a").first().click();
  await page.waitForURL("**/records/deals/*");
  assert.equal(await page.getByRole("button", { name: "Save" }).count(), 0);
  assert.equal(await page.locator("main input:not([type=hidden])").count(), 0);
  await page.goto("/goal");
  assert.equal(await page.getByRole("button", { name: "Set the goal" }).count(), 0);

  const manager = await owner(t, chromium);
  await manager.goto("/members");
  await manager.getByRole("button", { name: "Take out Test viewer" }).click();
  await page.reload();
  assert.equal(new URL(page.url()).pathname, "/sign-in", "who is taken out is out at once");
});

async function readAsOwner(path) {
  const answered = await fetch(shared().url + path, { headers: { cookie: set("BATON_OWNER") } });
  assert.equal(answered.status, 200, path);
  return answered.json();
}
