// The choice of light or dark is a form post; with a script the page need not
// load again.
export function switchTheme(): void {
  const form = document.querySelector<HTMLFormElement>("form[data-theme-form]");
  form?.addEventListener("submit", (event) => {
    const button = (event as SubmitEvent).submitter as HTMLButtonElement | null;
    if (!button) {
      return;
    }
    event.preventDefault();
    event.stopPropagation();
    const body = new FormData(form);
    body.set(button.name, button.value);
    void fetch(form.action, { method: "POST", body, redirect: "manual" });
    document.documentElement.dataset.bsTheme = button.value;
    form.querySelectorAll("[aria-current]").forEach((chosen) => chosen.removeAttribute("aria-current"));
    button.setAttribute("aria-current", "true");
    document.dispatchEvent(new Event("theme-changed"));
  });
}
