import "./app.css";
import { mount } from "svelte";
import { session } from "$lib/api/session.svelte";
import { startForemost } from "$lib/state/foremost";
import { startLive } from "$lib/state/live";
import { shortcuts } from "$lib/state/shortcuts.svelte";
import App from "./App.svelte";

// A one-time code in the address is exchanged, and gone from the address, before anything asks the server.
void session.enter().then(() => {
  const target = document.getElementById("app");
  if (!target || target.hasChildNodes()) return; // old-engine.js has said why
  mount(App, { target });
  shortcuts.start();
  startForemost();
  startLive();
});
