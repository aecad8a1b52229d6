// The person's session, as the app keeps it: one token in the origin's storage, shared by its tabs.
const KEY = "rolltop.session";

export function token() {
  return localStorage.getItem(KEY);
}

/** The headers that sign a request in; empty when nobody is signed in. */
export function signedIn() {
  const value = token();
  return value ? { Authorization: `Bearer ${value}` } : {};
}

/** Fills the page with one calm sentence in place of the document, with a link to `href`. */
export function say(title, text, href, label) {
  const box = document.createElement("section");
  box.className = "notice";
  const heading = document.createElement("h1");
  heading.textContent = title;
  const paragraph = document.createElement("p");
  paragraph.textContent = text;
  const link = document.createElement("a");
  link.href = href;
  link.target = "_top"; // these pages are also shown in a frame of the app
  link.textContent = label;
  box.append(heading, paragraph, link);
  document.getElementById("docs").replaceChildren(box);
}

export function saySignIn() {
  say("Sign in to see the API", "The documentation shows your own tables, so it opens once you are signed in.", "/", "Open Rolltop");
}

/** The OpenAPI document, or null after the page has said why there is none. */
export async function openapi() {
  if (!token()) return saySignIn(), null;
  let response;
  try {
    response = await fetch("/openapi.json", { headers: signedIn() });
  } catch {
    return say("Rolltop isn't answering", "The server may have been closed. Start Rolltop, then reload this page.", location.href, "Reload"), null;
  }
  if (response.status === 401) return saySignIn(), null;
  const body = await response.json();
  if (response.ok) return body;
  return say("The documentation couldn't be read", [body.message, body.hint].filter(Boolean).join(" "), location.href, "Try again"), null;
}

/** Opens the page afresh once another tab signs in or out. */
addEventListener("storage", (event) => event.key === KEY && location.reload());
