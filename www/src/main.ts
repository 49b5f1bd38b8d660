import { mount } from "svelte";
import App from "./App.svelte";
import "./style/page.css";
import "./style/tokens.css";

const target = document.getElementById("app");
if (target) {
  target.replaceChildren();
  mount(App, { target });
}
