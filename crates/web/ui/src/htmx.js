// Partial updates: a form with hx-get asks for its page anew, and what differs takes its place.
import htmx from "htmx.org";

window.htmx = htmx;

// An address says what was asked, and nothing of what was left alone.
document.addEventListener("htmx:config:request", (event) => {
  const { body, method } = event.detail.ctx.request;
  if (method !== "GET") return;
  for (const [name, value] of [...body]) {
    if (value === "" || (name.startsWith("change.") && value === "0")) body.delete(name);
  }
});
