// The queue by keys alone: a seller takes a lead, reaches somebody, and finds it to be a good fit.
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import test from "node:test";
import { browser, findings, overhang, signIn, visitor } from "../browser.mjs";
import { baton, exported, member, shared, userNamed } from "../world.mjs";

test("a lead is accepted, called and qualified", async (t) => {
  const { folder } = shared();
  const runner = await offeredOne(folder, 1);
  const offered = await offers(folder);
  const rep = await member(folder, "sales rep", await userNamed(runner));
  const page = await visitor(t, await browser(t), shared());
  await signIn(page, rep, "/queue");
  const leads = page.locator("[data-lead]");
  const own = offered.filter((line) => line.runner === runner);
  assert.equal(await leads.count(), own.length, "own leads, and nobody else's");

  const first = leads.first();
  const name = await first.locator("h2").innerText();
  await page.keyboard.press("a");
  await page.getByRole("status").waitFor();
  const mine = page.locator("[data-lead]").filter({ hasText: name }).first();
  assert.match(await mine.innerText(), /accepted, with you/);
  await mine.getByLabel("Note of the call").fill("wants a demo");
  await mine.getByRole("button", { name: "Reached", exact: true }).click();
  await mine.getByText("contacted, with you").waitFor();
  await mine.getByRole("button", { name: "Sales qualified" }).click();
  await mine.getByText("sales qualified, with you").waitFor();
  assert.deepEqual(await findings(page), []);
  await page.setViewportSize({ width: 390, height: 900 });
  assert.equal(await overhang(page), 0);
});

test("what was declined needs a reason", async (t) => {
  const { folder } = shared();
  await offeredOne(folder, 2);
  const manager = await member(folder, "sales manager");
  const page = await visitor(t, await browser(t), shared());
  await signIn(page, manager, "/queue");
  const before = await page.locator("[data-lead]").count();
  const line = page.locator("[data-lead]").filter({ hasText: "offered" }).first();
  await line.getByRole("button", { name: "Decline" }).click();
  assert.equal(await page.locator("[data-lead]").count(), before, "nothing went without a reason");
  await line.getByLabel("Why it is none").selectOption("No fit");
  await line.getByRole("button", { name: "Decline" }).click();
  await page.getByRole("status").waitFor();
  assert.equal(await page.locator("[data-lead]").count(), before - 1);
});

/** What is offered to somebody. */
async function offers(folder) {
  const { lines } = JSON.parse(await baton(folder, ["handoff", "queue", "--json"]));
  return lines.filter((line) => line.state === "offered" && line.runner);
}

/** Offers a lead of the CRM to the first runner of the agreement; the runner's name. */
async function offeredOne(folder, row) {
  const { versions } = JSON.parse(await baton(folder, ["agreement", "show", "--json"]));
  const { name } = versions[0].runners[0];
  const [id] = (await readFile(exported("leads"), "utf8")).split("\n")[row].split(",");
  await baton(folder, ["handoff", "offer", id, "--to", name]);
  return name;
}
