// What a site tells Baton of its visitors: pages, where they came from, and who they say they are.
//
//   <script src="https://baton.example.com/baton.js" data-write-key="…" defer></script>
//
// Nothing is sent and nothing kept for a visitor whose browser asks not to be tracked (Do Not Track,
// Global Privacy Control). With data-consent="required" it waits for baton.consent(true). It sets no
// cookie: a random id stands in this site's own storage, and what the visit began with in its
// session. The e-mail address of a form is sent where the form says so itself: data-baton-identify.
(() => {
  "use strict";
  const script = document.currentScript;
  const writeKey = script && script.dataset.writeKey;
  if (!writeKey || window.baton) return;

  const server = new URL(script.src).origin;
  const isRefused =
    navigator.globalPrivacyControl === true ||
    [navigator.doNotTrack, window.doNotTrack].some((asked) => asked === "1" || asked === "yes");
  const needsConsent = script.dataset.consent === "required";
  const ID = "baton_anonymous_id";
  const USER = "baton_user_id";
  const CONSENT = "baton_consent";
  const VISIT = "baton_visit";

  // Storage may be forbidden: then what is kept lasts as long as the page.
  const held = {};
  const kept = (store, name) => {
    try {
      return store().getItem(name);
    } catch {
      return held[name] || null;
    }
  };
  const keep = (store, name, value) => {
    held[name] = value;
    try {
      value === null ? store().removeItem(name) : store().setItem(name, value);
    } catch {
      // The page's own memory has it.
    }
  };
  const local = () => window.localStorage;
  const session = () => window.sessionStorage;

  const mayTrack = () => !isRefused && (!needsConsent || kept(local, CONSENT) === "yes");

  const random = () =>
    Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) =>
      byte.toString(16).padStart(2, "0"),
    ).join("");

  const anonymousId = () => {
    const known = kept(local, ID);
    if (known) return known;
    const id = random();
    keep(local, ID, id);
    return id;
  };

  // What the visit began with: the campaign in the address, and the page of another site.
  const visit = () => {
    const known = kept(session, VISIT);
    if (known) return JSON.parse(known);
    const asked = new URLSearchParams(location.search);
    const campaign = {};
    for (const name of ["source", "medium", "campaign", "term", "content"]) {
      const value = asked.get(`utm_${name}`);
      if (value) campaign[name === "campaign" ? "name" : name] = value;
    }
    const begun = { campaign, referrer: document.referrer, url: location.href };
    keep(session, VISIT, JSON.stringify(begun));
    return begun;
  };

  const send = (type, more) => {
    if (!mayTrack()) return;
    const begun = visit();
    const isPage = type === "page";
    const event = {
      type,
      writeKey,
      messageId: `baton-${random()}`,
      anonymousId: anonymousId(),
      timestamp: new Date().toISOString(),
      sentAt: new Date().toISOString(),
      context: {
        campaign: isPage ? undefined : begun.campaign,
        userAgent: navigator.userAgent,
        page: {
          url: isPage ? location.href : begun.url,
          referrer: isPage ? document.referrer : begun.referrer,
        },
      },
      ...more,
    };
    const userId = kept(local, USER);
    if (userId && !event.userId) event.userId = userId;
    // text/plain asks no permission beforehand, and keepalive outlives the page.
    fetch(`${server}/v1/${type[0]}`, {
      method: "POST",
      body: JSON.stringify(event),
      headers: { "content-type": "text/plain" },
      credentials: "omit",
      keepalive: true,
    }).catch(() => {});
  };

  const baton = {
    page: (properties) => send("page", { properties: { title: document.title, ...properties } }),
    track: (event, properties) => send("track", { event, properties }),
    identify: (userId, traits) => {
      if (userId && typeof userId === "object") [userId, traits] = [undefined, userId];
      if (userId && mayTrack()) keep(local, USER, String(userId));
      send("identify", { userId, traits });
    },
    // Whether the visitor agrees; who does not leaves nothing behind.
    consent: (agrees) => {
      keep(local, CONSENT, agrees ? "yes" : null);
      if (agrees) return baton.page();
      baton.reset();
    },
    // Another visitor, as after signing out.
    reset: () => {
      for (const name of [ID, USER]) keep(local, name, null);
      keep(session, VISIT, null);
    },
  };
  window.baton = baton;

  const submitted = ({ target: form }) => {
    if (!(form instanceof HTMLFormElement) || !form.hasAttribute("data-baton-identify")) return;
    const field = form.querySelector('input[type="email"], input[name="email"]');
    const email = field && field.value.trim();
    if (email) baton.identify({ email });
    baton.track("Form submitted", { form: form.getAttribute("name") || form.id || "" });
  };
  document.addEventListener("submit", submitted, true);
  baton.page();
})();
