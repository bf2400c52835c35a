// Menus are <details>: they open without this. Here they also close on Escape, on a click elsewhere, and when another opens.
const menus = () => document.querySelectorAll("details[data-menu][open], details.why[open]");

document.addEventListener("click", (event) => {
  for (const menu of menus()) if (!menu.contains(event.target)) menu.open = false;
});

document.addEventListener("keydown", (event) => {
  if (event.key !== "Escape") return;
  for (const menu of menus()) {
    menu.open = false;
    if (menu.contains(document.activeElement)) menu.querySelector("summary").focus();
  }
});

document.addEventListener("click", (event) => {
  const button = event.target.closest("[data-print], [data-copy]");
  if (button?.hasAttribute("data-print")) window.print();
  if (button?.dataset.copy) copy(button);
});

// <button data-copy="text" data-copied="Copied">: the word changes for two seconds and is read out.
async function copy(button) {
  await navigator.clipboard.writeText(button.dataset.copy);
  const before = button.textContent;
  button.setAttribute("aria-live", "polite");
  button.textContent = button.dataset.copied;
  setTimeout(() => { button.textContent = before; }, 2000);
}

// A menu that is longer than the screen is wide shows the task one is at.
const current = document.querySelector(".rail [aria-current]");
const rail = current?.closest("ul");
if (rail && rail.scrollWidth > rail.clientWidth) {
  const at = current.getBoundingClientRect();
  const edges = rail.getBoundingClientRect();
  rail.scrollLeft += at.left - edges.left - (edges.width - at.width) / 2;
}
