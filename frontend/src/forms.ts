// A form marked data-submit-on-change is sent when a control changes; its
// button (class "without-script") stays for those who have no script.
export function submitOnChange(): void {
  document.documentElement.classList.add("has-script");

  document.addEventListener("change", (event) => {
    // A control may stand elsewhere and name its form.
    const form = (event.target as HTMLInputElement).form;
    if (form?.matches("[data-submit-on-change]")) {
      form.requestSubmit();
    }
  });

  // An address holds what was chosen; a field left empty is no part of it.
  document.addEventListener("htmx:configRequest", (event) => {
    const { elt, verb, formData } = (event as CustomEvent).detail;
    if (verb === "get" && (elt as HTMLElement).matches("form[data-submit-on-change]")) {
      for (const [name, value] of [...(formData as FormData).entries()]) {
        if (value === "") {
          (formData as FormData).delete(name);
        }
      }
    }
  });

  // A button marked data-print prints; without a script the browser's menu does.
  document.addEventListener("click", (event) => {
    if ((event.target as HTMLElement).closest("[data-print]")) {
      window.print();
    }
  });

  // On paper a chart is the table that is folded away below it.
  window.addEventListener("beforeprint", () => {
    document.querySelectorAll<HTMLDetailsElement>("details.chart-data").forEach((table) => {
      table.open = true;
    });
  });

  // The same form twice is a mistake of the finger: the second is dropped.
  document.addEventListener("submit", (event) => {
    const form = event.target as HTMLFormElement;
    if (form.method !== "post" || form.hasAttribute("hx-post")) {
      return;
    }
    if (form.dataset.sent) {
      event.preventDefault();
    }
    form.dataset.sent = "yes";
  });
  // Coming back with the browser's button, the form can be sent again.
  window.addEventListener("pageshow", () => {
    document.querySelectorAll<HTMLFormElement>("form[data-sent]").forEach((form) => {
      delete form.dataset.sent;
    });
  });
}
