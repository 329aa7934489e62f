// Sets the stories' world up, runs them, and ends what was started: `node run.mjs [NAME…]`.
//
// One demo company is served to members for all stories; a story that needs another company or
// a server of its own makes one (see world.mjs). Exits with 1 when a story did not hold.
import { mkdir, readdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { run } from "node:test";
import { spec } from "node:test/reporters";
import { fileURLToPath } from "node:url";
import { demo, member, serve, session, set } from "./world.mjs";

/** Stories at the same time: each has a browser, and all have one server. */
const STORIES_AT_ONCE = 2;
const STORIES = fileURLToPath(new URL("stories/", import.meta.url));

const cleanUps = [];
const lifetime = { after: (cleanUp) => cleanUps.unshift(cleanUp) };
try {
  await setUp();
  await runAll(await chosen(process.argv.slice(2)));
} finally {
  for (const cleanUp of cleanUps) await cleanUp();
}

/** Makes the shared world and tells the stories of it by their environment. */
async function setUp() {
  const scratch = set("BATON_SCRATCH");
  await rm(scratch, { recursive: true, force: true });
  await mkdir(scratch, { recursive: true });
  process.env.BATON_DEMO = join(scratch, "demo");
  await demo(process.env.BATON_DEMO);
  const owner = await member(process.env.BATON_DEMO, "owner");
  const server = await serve(lifetime, process.env.BATON_DEMO);
  process.env.BATON_URL = server.url;
  process.env.BATON_OWNER = await session(server, owner);
}

/** The files of the stories that are named, or of all. */
async function chosen(names) {
  const all = (await readdir(STORIES)).filter((file) => file.endsWith(".test.mjs")).sort();
  const unknown = names.filter((name) => !all.includes(`${name}.test.mjs`));
  if (unknown.length > 0) throw new Error(`no story is called ${unknown.join(", ")}`);
  const wanted = names.length > 0 ? names.map((name) => `${name}.test.mjs`) : all;
  return wanted.map((file) => join(STORIES, file));
}

function runAll(files) {
  const stories = run({ files, concurrency: STORIES_AT_ONCE });
  stories.on("test:fail", () => (process.exitCode = 1));
  return new Promise((resolve) => {
    stories.on("end", resolve);
    stories.compose(new spec()).pipe(process.stdout, { end: false });
  });
}
