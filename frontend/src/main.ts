// Every page works without this file; it only makes some of them quicker.
import "./styles/main.scss";
import "./icons/logo.svg";
import htmx from "htmx.org/dist/htmx.esm.js";
import { drawCharts } from "./charts-when-needed";
import { closeMenus } from "./menus";
import { focusSearchOnSlash } from "./search";
import { submitOnChange } from "./forms";
import { switchTheme } from "./theme";

// The content security policy forbids eval and inline styles.
htmx.config.allowEval = false;
htmx.config.includeIndicatorStyles = false;
htmx.config.historyCacheSize = 0;

// Django's token, for htmx requests that change something.
document.addEventListener("htmx:configRequest", (event) => {
  const detail = (event as CustomEvent).detail;
  const token = document.querySelector<HTMLInputElement>("input[name=csrfmiddlewaretoken]");
  if (token && detail.verb !== "get") {
    detail.headers["X-CSRFToken"] = token.value;
  }
});

closeMenus();
focusSearchOnSlash();
submitOnChange();
switchTheme();
drawCharts(document);
document.addEventListener("htmx:load", (event) => drawCharts(event.target as HTMLElement));
