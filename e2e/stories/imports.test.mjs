// A file with bad rows: what is wrong is shown before anything is written, and can be taken back.
import assert from "node:assert/strict";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import test from "node:test";
import { answer, browser, findings, visitor } from "../browser.mjs";
import { emptyCompany, scratch, serve } from "../world.mjs";

const DEALS = `deal_id,name,stage,amount,created_at,close_date
D-1,First,Discovery,1000,2026-01-05,2026-06-30
D-2,Second,Closed Won,2000,2026-01-06,2026-02-28
D-3,Third,Discovery,much,2026-01-07,2026-06-30
D-4,Fourth,Discovery,4000,not a day,2026-06-30
`;

test("bad rows are named, good ones go in, and all of it is undone", async (t) => {
  const server = await serve(t, await emptyCompany(t), "--demo");
  const page = await visitor(t, await browser(t), server);
  const file = join(await scratch(t), "open deals.csv");
  await writeFile(file, DEALS);

  await page.goto("/imports");
  await page.getByLabel("What it holds").selectOption("deals");
  await page.getByLabel("A file of your CRM").setInputFiles(file);
  await page.getByRole("button", { name: "Look at the file" }).click();
  await page.getByRole("button", { name: "Import it" }).waitFor();
  assert.match(await answer(page), /open deals\.csv/);
  const looked = await page.locator("main").innerText();
  for (const told of [/2 would be refused/, /line 4, amount `much`: it is not a number/]) {
    assert.match(looked, told);
  }
  assert.deepEqual(await findings(page), []);
  assert.equal(await dealsFound(page), 0, "looking at a file writes nothing");

  await page.getByRole("button", { name: "Import it" }).click();
  await page.getByText("It is in.").waitFor();
  assert.match(await page.locator("main").innerText(), /First refused/);
  assert.equal(await dealsFound(page), 2);

  await page.goto("/imports");
  await page.getByRole("button", { name: "Undo the import" }).click();
  assert.equal(await dealsFound(page), 0);
});

async function dealsFound(page) {
  const answered = await page.request.get("/api/v1/deals?outcome=any");
  return (await answered.json()).found;
}
