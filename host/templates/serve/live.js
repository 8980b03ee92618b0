// Reloads the page every two seconds, and shows since when the server does not answer.
"use strict";
let since = new Date();
async function reload() {
  try {
    const answer = await fetch("/", { cache: "no-store" });
    if (!answer.ok) throw new Error(String(answer.status));
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    document.querySelector("main").replaceWith(page.querySelector("main"));
    document.title = page.title;
    since = new Date();
    document.getElementById("live").textContent = ", live";
  } catch {
    const live = document.getElementById("live");
    live.textContent = `, no answer since ${since.toISOString().slice(0, 19)}Z`;
    live.className = "stale";
    document.title = "! greenlight does not answer";
  }
  setTimeout(reload, 2000);
}
reload();
