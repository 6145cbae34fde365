// "/" moves to the search field, unless something is being typed.
export function focusSearchOnSlash(): void {
  document.addEventListener("keydown", (event) => {
    const target = event.target as HTMLElement;
    const typing = target.closest("input, textarea, select, [contenteditable]");
    if (event.key !== "/" || event.ctrlKey || event.metaKey || event.altKey || typing) {
      return;
    }
    const field = document.querySelector<HTMLInputElement>("#site-search");
    if (field) {
      event.preventDefault();
      field.focus();
      field.select();
    }
  });
}
