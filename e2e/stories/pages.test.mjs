// Every page, wide and narrow, light and dark: nothing for axe-core to find, nothing that hangs
// over the edge, no error on the console, nothing that the content policy had to stop.
import assert from "node:assert/strict";
import test from "node:test";
import { browser, findings, overhang, owner, scrolledSideways } from "../browser.mjs";
import { shared } from "../world.mjs";

const WIDTHS = [1440, 390];
/** A small phone: nothing hangs over there, too. */
const NARROWEST = 320;
/** The rules that each theme is held to: they differ in nothing but colours. */
const THEMES = { light: undefined, dark: ["color-contrast"] };
/** Pages that the description of the API does not name. */
const OTHERS = [
  "/members",
  "/account",
  "/tracking",
  "/api",
  "/keys",
  "/design",
  "/metrics/pipeline_amount?by=owner",
  "/metrics/pipeline_amount/rows",
  "/journal/proof",
  "/search?q=Core",
  "/sign-in",
  "/no-such-page",
];
/** A debug build takes its time over the proof of a closed period, which makes all figures anew. */
const FIRST_ANSWER_MILLISECONDS_MAX = 120_000;
/** Pages of which a part says as much as the whole, in less time. */
const NARROWED = { "/leads": "/leads?q=L-00001" };

test("every page can be read by everybody", async (t) => {
  const page = await owner(t, await browser(t), { refused: true });
  await page.goto("/deals");
  const deal = await page.locator("tbody a").first().getAttribute("href");
  await page.goto("/pay");
  const statement = await page.locator('tbody a[href*="payee="]').first().getAttribute("href");
  const tried = await page.locator('a[href*="/pay/simulation"]').first().getAttribute("href");
  const paths = [...(await described()), ...OTHERS, deal, statement, tried];
  for (const path of paths) {
    await t.test(path, async () => {
      await page.goto(path, { timeout: FIRST_ANSWER_MILLISECONDS_MAX });
      await seen(page);
    });
  }
});

/** The pages behind the reports that the API describes. */
async function described() {
  const { paths } = await (await fetch(`${shared().url}/api/v1/openapi.json`)).json();
  return Object.entries(paths)
    .filter(([path, verbs]) => verbs.get && !path.includes("{"))
    .map(([path]) => path.replace("/api/v1", ""))
    .filter((path) => !["/metric", "/metric-rows"].includes(path) && !path.slice(1).includes("/"))
    .map((path) => NARROWED[path] ?? path);
}

async function seen(page) {
  await page.setViewportSize({ width: NARROWEST, height: 700 });
  assert.equal(await overhang(page), 0, `at ${NARROWEST} px the page is wider than the window`);
  assert.deepEqual(await scrolledSideways(page), [], "what scrolls sideways is no table");
  for (const width of WIDTHS) {
    await page.setViewportSize({ width, height: 900 });
    assert.equal(await overhang(page), 0, `at ${width} px the page is wider than the window`);
    for (const [colorScheme, rules] of Object.entries(THEMES)) {
      await page.emulateMedia({ colorScheme });
      const found = await findings(page, rules);
      assert.deepEqual(found, [], `at ${width} px in the ${colorScheme} theme`);
    }
  }
}
