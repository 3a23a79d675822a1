// The one place where text that the desk has sent becomes a page again. Everything else sets text (Trusted Types).
"use strict";

window.desk = (() => {
  const own = (text) => text;
  const policy = window.trustedTypes?.createPolicy("caifeng", { createHTML: own }) ?? { createHTML: own };
  return {
    // A document that runs no script and is shown nowhere; its parts are imported.
    parse: (text) => new DOMParser().parseFromString(policy.createHTML(text), "text/html"),
  };
})();

// Moments are told where the reader is, from the next page on; without this they are told where the organisation is.
(() => {
  const said = `caifeng_zone=${Intl.DateTimeFormat().resolvedOptions().timeZone}`;
  if (!document.cookie.split("; ").includes(said)) {
    document.cookie = `${said}; Path=/; Max-Age=31536000; SameSite=Strict`;
  }
})();
