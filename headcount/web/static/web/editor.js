// Asks before somebody leaves a form with something in it that is not saved. The form works without this.
(() => {
  const form = document.querySelector("form[data-guarded]");
  if (!form) return;
  const unsaved = form.hasAttribute("data-unsaved"); // it was sent before, and Back leads to it again
  let typed = false;
  let sending = false;
  let following = false;
  form.addEventListener("input", () => { typed = true; });
  document.addEventListener("submit", (event) => {
    if (event.target === form) sending = true;
    else following = true;
  });
  document.addEventListener("click", (event) => {
    const link = event.target.closest("a[href]");
    if (link && !link.getAttribute("href").startsWith("#")) following = true;
  });
  addEventListener("pageshow", () => { sending = following = false; });
  addEventListener("beforeunload", (event) => {
    if (!sending && (typed || (unsaved && following))) event.preventDefault();
    following = false;
  });
})();
