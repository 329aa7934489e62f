// A real Chromium, one visitor at a time, with an eye on what goes wrong unseen.
//
// Every visitor's console errors, script errors and violations of the content policy are kept;
// a test that ends with one that it did not expect has failed.
import assert from "node:assert/strict";
import { createRequire } from "node:module";
import { chromium } from "playwright-core";
import { PASSWORD, set, shared } from "./world.mjs";

const AXE = createRequire(import.meta.url).resolve("axe-core/axe.min.js");

/** The longest that any one step may take, in milliseconds: a debug build's first forecast. */
const STEP_MS_MAX = 30_000;

/** A browser that is closed with the test. */
export async function browser(test) {
  const opened = await chromium.launch({ executablePath: set("BATON_CHROMIUM") });
  test.after(() => opened.close());
  return opened;
}

/** The owner of the company that all stories share, signed in. */
export async function owner(test, browser, options = {}) {
  const page = await visitor(test, browser, shared(), options);
  const [name, value] = set("BATON_OWNER").split("=");
  // Secure cookies are given to this machine without TLS too, but set by hand only with it.
  const url = shared().url.replace("http:", "https:");
  await page.context().addCookies([{ name, value, url, secure: true, httpOnly: true }]);
  return page;
}

/**
 * The page of a visitor with cookies of their own; what goes wrong on it fails the test.
 *
 * `refused` says that the visitor is going to be refused, which browsers put on the console too;
 * without `scripts` pages come as they are before any has run.
 */
export async function visitor(test, browser, server, { refused = false, scripts = true } = {}) {
  const viewport = { width: 1440, height: 900 };
  const options = { baseURL: server.url, viewport, javaScriptEnabled: scripts };
  const context = await browser.newContext(options);
  context.setDefaultTimeout(STEP_MS_MAX);
  await context.addInitScript({ path: AXE });
  const page = await context.newPage();
  const faults = [];
  page.on("console", (message) => {
    const text = message.text();
    if (message.type() !== "error" || (refused && text.startsWith("Failed to load"))) return;
    faults.push(`${page.url()}: ${text}`);
  });
  page.on("pageerror", (error) => faults.push(`${page.url()}: ${error}`));
  test.after(() => assert.deepEqual(faults, [], "faults on the browser's console"));
  return page;
}

/** Signs a member in by the form, and goes on to a page. */
export async function signIn(page, email, next = "/") {
  await page.goto(`/sign-in?next=${encodeURIComponent(next)}`);
  await page.getByLabel("E-mail address").fill(email);
  await page.getByLabel("Password").fill(PASSWORD);
  await page.getByRole("button", { name: "Sign in" }).click();
  await page.waitForURL((url) => url.pathname !== "/sign-in");
}

/** The sentence with which a page answers. */
export const answer = (page) => page.locator("h1").innerText();

/** What axe-core finds on a page as it stands, by all of its rules or by some; a line each. */
export function findings(page, rules) {
  return page.evaluate(async (rules) => {
    const found = await window.axe.run({ resultTypes: ["violations"], runOnly: rules });
    const line = (violation) => (node) => `${violation.id} ${node.target}: ${node.failureSummary}`;
    return found.violations.flatMap((violation) => violation.nodes.map(line(violation)));
  }, rules);
}

/** By how many pixels a page is wider than its window. */
export function overhang(page) {
  return page.evaluate(() => {
    const { scrollWidth, clientWidth } = document.documentElement;
    return scrollWidth - clientWidth;
  });
}

/** What scrolls sideways on a page and is neither a wide table nor the board. */
export function scrolledSideways(page) {
  return page.evaluate(() => {
    const scrolls = (part) => {
      const { overflowX } = getComputedStyle(part);
      const isScroller = overflowX === "auto" || overflowX === "scroll";
      return isScroller && part.scrollWidth > part.clientWidth + 1;
    };
    const parts = [...document.querySelectorAll("body *:not(.rows, .board, textarea)")];
    return parts.filter(scrolls).map((part) => `${part.localName}.${part.className}`);
  });
}
