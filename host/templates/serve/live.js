// Reloads the page every two seconds, shows since when the server does not answer, and writes times in the reader's zone.
"use strict";
let since = new Date();
function ago(at) {
  const minutes = Math.floor((Date.now() - at) / 60000);
  if (minutes < 0) return "";
  if (minutes < 1) return "just now, ";
  if (minutes < 60) return `${minutes} min ago, `;
  return minutes < 1440 ? `${Math.floor(minutes / 60)} h ago, ` : `${Math.floor(minutes / 1440)} d ago, `;
}
function localize(root) {
  for (const time of root.querySelectorAll("time[datetime]")) {
    const at = new Date(time.dateTime);
    if (Number.isNaN(at.getTime())) continue;
    const day = at.toDateString() === new Date().toDateString() ? {} : { day: "numeric", month: "short" };
    time.title = `${time.dateTime.slice(0, 19)}Z`;
    time.textContent = ago(at) + at.toLocaleString([], { ...day, hour: "2-digit", minute: "2-digit", hourCycle: "h23" });
  }
}
async function reload() {
  try {
    const answer = await fetch("/", { cache: "no-store" });
    if (!answer.ok) throw new Error(String(answer.status));
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    localize(page);
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
localize(document);
reload();
