// Both scenes with made-up runs, for work on their looks: `npm run dev`, then /dev/scenes.html?case=…
// Nothing of this is built into the page.
import { mount } from "svelte";
import "../src/style/tokens.css";
import "../src/style/page.css";
import Scenes from "./Scenes.svelte";

mount(Scenes, { target: document.getElementById("app") ?? document.body });
