// Pages work without this file. It starts the NHS components, also on a page that htmx has put in place.
import { initAll } from "./vendor/nhsuk-frontend-10.6.1/nhsuk-frontend.min.js";

initAll();

// Escape closes the menu: whoever was in it comes back to its button.
document.addEventListener(
  "keydown",
  (event) => {
    const menu = event.key === "Escape" && document.activeElement.closest(".nhsuk-header__menu-list");
    if (menu) {
      document.querySelector(".nhsuk-header__menu-toggle").focus();
    }
  },
  true,
);

document.addEventListener("htmx:afterSwap", (event) => {
  if (event.target === document.body) {
    // A new page: whoever listens to it hears its heading. An error summary takes the focus next.
    document.querySelector("h1")?.focus({ preventScroll: true });
  }
  initAll({ scope: event.target });
});
