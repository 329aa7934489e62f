// A company's first half hour: the owner's account, the CRM's files, the number, the plan.
import assert from "node:assert/strict";
import test from "node:test";
import { answer, browser, visitor } from "../browser.mjs";
import { PASSWORD, emptyCompany, exported, serve } from "../world.mjs";

const KINDS = ["accounts", "leads", "lead_changes", "deals", "deal_changes"];

test("from nothing to a plan", async (t) => {
  const server = await serve(t, await emptyCompany(t));
  const page = await visitor(t, await browser(t), server, { refused: true });

  await page.goto("/");
  assert.equal(new URL(page.url()).pathname, "/start");
  await page.getByLabel("Name").fill("Ada");
  await page.getByLabel("E-mail address").fill("ada@example.com");
  await page.getByLabel("Password").fill(PASSWORD);
  await page.getByRole("button", { name: "Make the owner's account" }).click();

  await page.getByRole("link", { name: "1. Import the files of your CRM" }).click();
  for (const kind of KINDS) await importFile(page, kind);

  await page.goto("/");
  await page.getByRole("link", { name: "Plan", exact: true }).click();
  await page.getByRole("link", { name: "Goal", exact: true }).click();
  const year = String(new Date().getUTCFullYear() + 1);
  await setGoal(page, year, "much");
  assert.match(await page.getByRole("alert").innerText(), /much/);
  assert.equal(await page.getByLabel("Revenue").inputValue(), "much");
  await setGoal(page, year, "1000000");
  assert.match(await answer(page), new RegExp(`goal of ${year} is 1\\.0\\sm\\sUSD`));

  await page.goto(`/plan?period=${year}`);
  assert.match(await answer(page), /USD|leads|wins/);
  assert.ok((await page.getByRole("row").count()) > 12, "a plan has a row for every month");

  await page.getByRole("button", { name: "Sign out" }).click();
  await page.waitForURL("**/sign-in");
  await page.goto("/plan");
  assert.equal(new URL(page.url()).pathname, "/sign-in");
});

async function importFile(page, kind) {
  await page.goto("/imports");
  await page.getByLabel("What it holds").selectOption(kind);
  await page.getByLabel("A file of your CRM").setInputFiles(exported(kind));
  await page.getByRole("button", { name: "Look at the file" }).click();
  await page.getByRole("button", { name: "Import it" }).click();
  await page.getByText("It is in.").waitFor();
}

async function setGoal(page, period, amount) {
  await page.getByLabel("Period", { exact: true }).last().fill(period);
  await page.getByLabel("Revenue").fill(amount);
  await page.getByRole("button", { name: "Set the goal" }).click();
}
